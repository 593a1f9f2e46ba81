// attention: one query against one head's cache, in floats (f32, f16) and in integers (q8).
#include "../arithmetic.h"
#include "../softmax.h"
#include "ref.h"

namespace mote {
namespace {

float load(const float* p) { return *p; }
float load(const uint16_t* p) { return f16_to_f32(*p); }

template <class T>
void attend_float(const Attention& a, const float* q, float* out) {
    const T* keys = reinterpret_cast<const T*>(a.keys);
    const T* values = reinterpret_cast<const T*>(a.values);
    float* score = reinterpret_cast<float*>(a.scratch);
    float largest = -float_of(0x7f7fffffu);
    for (uint32_t t = 0; t < a.positions; t++) {
        const T* key = keys + size_t(t) * a.head_dim;
        Stripes dot;
        for (uint32_t i = 0; i < a.head_dim; i++) dot.add(i, q[i] * load(key + i));
        score[t] = dot.sum() * a.scale;
        if (score[t] > largest) largest = score[t];
    }
    Stripes total;
    for (uint32_t t = 0; t < a.positions; t++) {
        score[t] = exponential(score[t] - largest);
        total.add(t, score[t]);
    }
    const float norm = 1.0f / total.sum();
    for (uint32_t i = 0; i < a.head_dim; i++) {
        Stripes sum;
        for (uint32_t t = 0; t < a.positions; t++) sum.add(t, score[t] * load(values + size_t(t) * a.head_dim + i));
        out[i] = sum.sum() * norm;
    }
}

}  // namespace

void ref_attend_f32(const Attention& a, const float* q, float* out) { attend_float<float>(a, q, out); }
void ref_attend_f16(const Attention& a, const float* q, float* out) { attend_float<uint16_t>(a, q, out); }

void ref_attend_q8(const Attention& a, const float* q, float* out) {
    const int8_t* keys = reinterpret_cast<const int8_t*>(a.keys);
    const int8_t* values = reinterpret_cast<const int8_t*>(a.values);
    // The query, quantized like any vector, lives behind the weights.
    int8_t* query = reinterpret_cast<int8_t*>(a.scratch + a.positions);
    float query_scale;
    ref_quantize_row(q, a.head_dim, QuantizedTile{query, &query_scale, nullptr, a.head_dim}, 0);
    const ScoreScale scale = score_scale(query_scale, a.scale);

    // Scores, and the largest exponent of a value's scale, against which weights are aligned.
    int32_t* score = reinterpret_cast<int32_t*>(a.scratch);
    int32_t largest = -0x7fffffff, value_exponent = 0;
    bool finite = scale.finite;
    for (uint32_t t = 0; t < a.positions; t++) {
        const int8_t* key = keys + size_t(t) * a.head_dim;
        int32_t dot = 0;
        for (uint32_t i = 0; i < a.head_dim; i++) dot += query[i] * key[i];
        score[t] = score_of(dot, a.key_scales[t], scale);
        if (score[t] > largest) largest = score[t];
        const int32_t e = bf16_exponent(a.value_scales[t]);
        if (e > value_exponent) value_exponent = e;
        finite = finite && e < 255 && bf16_exponent(a.key_scales[t]) < 255;
    }
    if (!finite) {
        for (uint32_t i = 0; i < a.head_dim; i++) out[i] = float_of(nan_bits);
        return;
    }

    uint32_t total = 0;
    for (uint32_t t = 0; t < a.positions; t++) {
        const uint32_t p = exp2_negative(uint32_t(largest) - uint32_t(score[t]));
        total += p;
        score[t] = weight_of(p, a.value_scales[t], value_exponent);
    }

    const float unit = output_scale(value_exponent, total);
    for (uint32_t i = 0; i < a.head_dim; i++) {
        int64_t sum = 0;
        for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
            const uint32_t end = a.positions - begin < sum_block ? a.positions : begin + sum_block;
            int32_t part = 0;
            for (uint32_t t = begin; t < end; t++) part += score[t] * values[size_t(t) * a.head_dim + i];
            sum += part;
        }
        out[i] = float(sum) * unit;
    }
}

}  // namespace mote
