// attention: one query against one head's cache, in floats (f32, f16) and in integers (q8).
#include "../arithmetic.h"
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

// bf16 as mantissa * 2^(exponent - 134); zero has mantissa 0.
uint32_t bf16_mantissa(uint16_t b) { return (b & 0x7f80u) ? (b & 0x7fu) | 0x80u : 0; }
int32_t bf16_exponent(uint16_t b) { return (b >> 7) & 0xff; }

// 2^(-d / 2^16) as a multiple of 2^-16, in [0, 65536]; relative error 9e-5. Minimax cubic, coefficients times 2^16.
uint32_t exp2_negative(uint32_t d) {
    const uint32_t whole = d >> 16, f = d & 0xffffu;
    if (whole > 16) return 0;
    uint32_t p = 15149 - ((2596 * f) >> 16);
    p = 45324 - ((p * f) >> 16);
    return (65536 - ((p * f) >> 16)) >> whole;
}

// A key's score: dot * key scale * query scale * softmax scale * log2(e), in multiples of 2^-16.
//   |dot| <= 127^2 head_dim < 2^23 (head_dim <= 512) and the key's mantissa < 2^8, so their product fits 31 bits;
//   the query's factor is mantissa * 2^exponent with 15 bits, and the 48-bit product keeps its upper 32.
int32_t score_of(int32_t dot, uint16_t key_scale, int32_t mantissa, int32_t exponent) {
    const int32_t product = int32_t((int64_t(dot * int32_t(bf16_mantissa(key_scale))) * mantissa) >> 16);
    const int32_t shift = -(exponent + bf16_exponent(key_scale) - 134 + 16 + 16);
    if (shift >= 0 || product == 0) return product >> (shift < 0 ? 0 : shift > 31 ? 31 : shift);
    const int32_t bound = -shift > 30 ? 0 : int32_t(1 << 30) >> -shift;  // beyond: one token takes all in any case
    if (product > bound) return 1 << 30;
    if (product < -bound) return -(1 << 30);
    return product * (1 << -shift);
}

constexpr uint32_t sum_block = 512;  // 512 * 32640 * 127 < 2^31: so many products fit int32

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
    const uint32_t factor = bits_of(query_scale * a.scale * 1.44269504f);
    const int32_t mantissa = factor ? int32_t(((factor & 0x7fffffu) | 0x800000u) >> 9) : 0;
    const int32_t exponent = int32_t(factor >> 23) - 127 - 14;

    // Scores, and the largest exponent of a value's scale, against which weights are aligned.
    int32_t* score = reinterpret_cast<int32_t*>(a.scratch);
    int32_t largest = -0x7fffffff, value_exponent = 0;
    bool finite = factor < infinity_bits;
    for (uint32_t t = 0; t < a.positions; t++) {
        const int8_t* key = keys + size_t(t) * a.head_dim;
        int32_t dot = 0;
        for (uint32_t i = 0; i < a.head_dim; i++) dot += query[i] * key[i];
        score[t] = score_of(dot, a.key_scales[t], mantissa, exponent);
        if (score[t] > largest) largest = score[t];
        const int32_t e = bf16_exponent(a.value_scales[t]);
        if (e > value_exponent) value_exponent = e;
        finite = finite && e < 255 && bf16_exponent(a.key_scales[t]) < 255;
    }
    if (!finite) {
        for (uint32_t i = 0; i < a.head_dim; i++) out[i] = float_of(nan_bits);
        return;
    }

    // Weights: probability (up to 2^16) times the value's mantissa (up to 255), aligned and rounded to at most 32640.
    uint32_t total = 0;
    for (uint32_t t = 0; t < a.positions; t++) {
        const uint32_t p = exp2_negative(uint32_t(largest) - uint32_t(score[t]));
        const int32_t shift = 9 + value_exponent - bf16_exponent(a.value_scales[t]);
        total += p;
        score[t] = shift > 25 ? 0 : int32_t((p * bf16_mantissa(a.value_scales[t]) + (1u << (shift - 1))) >> shift);
    }

    // out = sum(weight * value) * 2^(value_exponent - 134 + 9) / total
    const int32_t unit = value_exponent - 125 + 127;
    const float scale = float_of(uint32_t(unit < 1 ? 1 : unit > 254 ? 254 : unit) << 23) / float(total);
    for (uint32_t i = 0; i < a.head_dim; i++) {
        int64_t sum = 0;
        for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
            const uint32_t end = a.positions - begin < sum_block ? a.positions : begin + sum_block;
            int32_t part = 0;
            for (uint32_t t = begin; t < end; t++) part += score[t] * values[size_t(t) * a.head_dim + i];
            sum += part;
        }
        out[i] = float(sum) * scale;
    }
}

}  // namespace mote
