// attention: one query against one head's q8 cache, eight positions or eight elements at a time. Every step is the integer step of
// softmax.h; tails take that definition itself.
#include <immintrin.h>

#include "../ref/ref.h"
#include "../softmax.h"
#include "avx2.h"

namespace mote {
namespace {

constexpr uint32_t lanes = 8;

__m256i load8(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
void store8(void* p, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
__m256i widen8(const uint16_t* p) { return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
__m256i widen16(const int8_t* p) { return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }

// bf16 scales as mantissas and exponents; a zero scale has mantissa 0.
__m256i mantissas(__m256i bf16) {
    const __m256i body = _mm256_or_si256(_mm256_and_si256(bf16, _mm256_set1_epi32(0x7f)), _mm256_set1_epi32(0x80));
    const __m256i zero = _mm256_cmpeq_epi32(_mm256_and_si256(bf16, _mm256_set1_epi32(0x7f80)), _mm256_setzero_si256());
    return _mm256_andnot_si256(zero, body);
}
__m256i exponents(__m256i bf16) { return _mm256_and_si256(_mm256_srli_epi32(bf16, 7), _mm256_set1_epi32(0xff)); }

int32_t dot(const int8_t* q, const int8_t* k, uint32_t n) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += q[i] * k[i];
    return sum;
}

// Sums of the eight lanes of each of eight registers.
__m256i transpose_add(const __m256i v[lanes]) {
    const __m256i a = _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
    const __m256i b = _mm256_hadd_epi32(_mm256_hadd_epi32(v[4], v[5]), _mm256_hadd_epi32(v[6], v[7]));
    return _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
}

// The dots of a query with eight keys. q is widened to int16, head_dim of them, then zeros to a multiple of 16.
__m256i dot8(const int16_t* q, const int8_t* keys, uint32_t head_dim) {
    if (head_dim == 8) {  // two keys a register: 16 products, two lanes of pairs for each half key
        const __m256i twice = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(q)));
        const auto two = [&](int i) { return _mm256_madd_epi16(widen16(keys + 16 * i), twice); };
        const __m256i a = _mm256_hadd_epi32(_mm256_hadd_epi32(two(0), two(1)), _mm256_hadd_epi32(two(2), two(3)));
        return _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    }
    __m256i sums[lanes];
    for (uint32_t t = 0; t < lanes; t++) {
        sums[t] = _mm256_setzero_si256();
        for (uint32_t i = 0; i < head_dim; i += 16)
            sums[t] = _mm256_add_epi32(sums[t], _mm256_madd_epi16(widen16(keys + size_t(t) * head_dim + i), load8(q + i)));
    }
    return transpose_add(sums);
}

// (a * b) >> 16 of signed 32-bit lanes, the lower 32 bits of it.
__m256i multiply_shift16(__m256i a, __m256i b) {
    const __m256i even = _mm256_srli_epi64(_mm256_mul_epi32(a, b), 16);
    const __m256i odd = _mm256_slli_epi64(_mm256_mul_epi32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32)), 16);
    return _mm256_blend_epi32(even, odd, 0xaa);
}

// Eight scores from eight dots. A product is below 2^30, so clamping to 2^30 before a shift to the left, and not otherwise, is the
// saturation of score_of; shifts by more than 30 take that definition itself.
__m256i scores8(__m256i dots, const uint16_t* key_scales, const ScoreScale& scale) {
    const __m256i bf16 = widen8(key_scales), zero = _mm256_setzero_si256();
    const __m256i shift = _mm256_sub_epi32(_mm256_set1_epi32(134 - 32 - scale.exponent), exponents(bf16));
    if (_mm256_movemask_epi8(_mm256_cmpgt_epi32(_mm256_set1_epi32(-30), shift)) == 0) {
        const __m256i product = multiply_shift16(_mm256_mullo_epi32(dots, mantissas(bf16)), _mm256_set1_epi32(scale.mantissa));
        const __m256i left = _mm256_max_epi32(_mm256_sub_epi32(zero, shift), zero), right = _mm256_max_epi32(shift, zero);
        const __m256i bound = _mm256_srlv_epi32(_mm256_set1_epi32(1 << 30), left);
        const __m256i clamped = _mm256_max_epi32(_mm256_min_epi32(product, bound), _mm256_sub_epi32(zero, bound));
        return _mm256_srav_epi32(_mm256_sllv_epi32(clamped, left), right);
    }
    alignas(32) int32_t each[lanes];
    store8(each, dots);
    for (uint32_t t = 0; t < lanes; t++) each[t] = score_of(each[t], key_scales[t], scale);
    return load8(each);
}

struct Extremes {
    int32_t score, value_exponent;
    bool finite;
};

int32_t largest_lane(__m256i v) {
    alignas(32) int32_t each[lanes];
    store8(each, v);
    int32_t largest = each[0];
    for (const int32_t e : each) largest = e > largest ? e : largest;
    return largest;
}

// Fills the scores of all positions; returns the largest score and the largest exponent of a value's scale.
Extremes fill_scores(const Attention& a, const int16_t* q16, const int8_t* q8, const ScoreScale& scale, int32_t* score) {
    const int8_t* keys = reinterpret_cast<const int8_t*>(a.keys);
    __m256i largest = _mm256_set1_epi32(-0x7fffffff), key_exponent = _mm256_setzero_si256(), value_exponent = key_exponent;
    uint32_t t = 0;
    for (; t + lanes <= a.positions; t += lanes) {
        const __m256i s = scores8(dot8(q16, keys + size_t(t) * a.head_dim, a.head_dim), a.key_scales + t, scale);
        store8(score + t, s);
        largest = _mm256_max_epi32(largest, s);
        key_exponent = _mm256_max_epi32(key_exponent, exponents(widen8(a.key_scales + t)));
        value_exponent = _mm256_max_epi32(value_exponent, exponents(widen8(a.value_scales + t)));
    }
    Extremes out{largest_lane(largest), largest_lane(value_exponent), largest_lane(key_exponent) < 255};
    for (; t < a.positions; t++) {
        score[t] = score_of(dot(q8, keys + size_t(t) * a.head_dim, a.head_dim), a.key_scales[t], scale);
        if (score[t] > out.score) out.score = score[t];
        const int32_t e = bf16_exponent(a.value_scales[t]);
        if (e > out.value_exponent) out.value_exponent = e;
        out.finite = out.finite && bf16_exponent(a.key_scales[t]) < 255;
    }
    out.finite = out.finite && scale.finite && out.value_exponent < 255;
    return out;
}

// exp2_negative of eight lanes. A shift by 32 and more gives 0, as it should.
__m256i exp2_negative8(__m256i d) {
    const __m256i f = _mm256_and_si256(d, _mm256_set1_epi32(0xffff));
    __m256i p = _mm256_sub_epi32(_mm256_set1_epi32(15149), _mm256_srli_epi32(_mm256_mullo_epi32(_mm256_set1_epi32(2596), f), 16));
    p = _mm256_sub_epi32(_mm256_set1_epi32(45324), _mm256_srli_epi32(_mm256_mullo_epi32(p, f), 16));
    p = _mm256_sub_epi32(_mm256_set1_epi32(65536), _mm256_srli_epi32(_mm256_mullo_epi32(p, f), 16));
    return _mm256_srlv_epi32(p, _mm256_srli_epi32(d, 16));
}

// Turns scores into weights in place, as int16 from the front (a weight's place never lies behind its score's).
// Returns the sum of all probabilities.
uint32_t scores_to_weights(const Attention& a, const Extremes& x, const int32_t* score, int16_t* weight) {
    __m256i total = _mm256_setzero_si256();
    const __m256i largest = _mm256_set1_epi32(x.score), one = _mm256_set1_epi32(1);
    uint32_t t = 0;
    for (; t + lanes <= a.positions; t += lanes) {
        const __m256i p = exp2_negative8(_mm256_sub_epi32(largest, load8(score + t))), bf16 = widen8(a.value_scales + t);
        total = _mm256_add_epi32(total, p);
        const __m256i shift = _mm256_sub_epi32(_mm256_set1_epi32(9 + x.value_exponent), exponents(bf16));
        const __m256i half = _mm256_sllv_epi32(one, _mm256_sub_epi32(shift, one));
        const __m256i w = _mm256_srlv_epi32(_mm256_add_epi32(_mm256_mullo_epi32(p, mantissas(bf16)), half), shift);
        const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(w, w), 0x08);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(weight + t), _mm256_castsi256_si128(packed));
    }
    alignas(32) uint32_t each[lanes];
    store8(each, total);
    uint32_t sum = 0;
    for (const uint32_t e : each) sum += e;
    for (; t < a.positions; t++) {
        const uint32_t p = exp2_negative(uint32_t(x.score) - uint32_t(score[t]));
        sum += p;
        weight[t] = int16_t(weight_of(p, a.value_scales[t], x.value_exponent));
    }
    return sum;
}

// Two positions' values side by side, times their weights (the first in the low half), added to eight elements of the sum.
__m256i pair_add(__m256i sum, const int8_t* first, const int8_t* second, int32_t weights) {
    const __m128i interleave = _mm_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    const __m128i a = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(first)), b = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(second));
    const __m256i v = _mm256_cvtepi8_epi16(_mm_shuffle_epi8(_mm_unpacklo_epi64(a, b), interleave));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(v, _mm256_set1_epi32(weights)));
}

int32_t weight_pair(const int16_t* weight) {
    int32_t pair;
    __builtin_memcpy(&pair, weight, sizeof pair);
    return pair;
}

// Eight elements of the sum of weighted values over [begin, end), at most sum_block positions.
__m256i weighted_sum8(const int8_t* values, uint32_t head_dim, const int16_t* weight, uint32_t begin, uint32_t end) {
    __m256i even = _mm256_setzero_si256(), odd = even;
    uint32_t t = begin;
    for (; t + 4 <= end; t += 4) {
        const int8_t* v = values + size_t(t) * head_dim;
        even = pair_add(even, v, v + head_dim, weight_pair(weight + t));
        odd = pair_add(odd, v + 2 * head_dim, v + 3 * head_dim, weight_pair(weight + t + 2));
    }
    for (; t < end; t++) {
        const int8_t* v = values + size_t(t) * head_dim;
        even = pair_add(even, v, v, uint16_t(weight[t]));
    }
    return _mm256_add_epi32(even, odd);
}

void sum_values(const Attention& a, const int16_t* weight, float unit, float* out) {
    const int8_t* values = reinterpret_cast<const int8_t*>(a.values);
    for (uint32_t i = 0; i < a.head_dim; i += lanes) {
        if (a.positions <= sum_block) {
            const __m256i sum = weighted_sum8(values + i, a.head_dim, weight, 0, a.positions);
            _mm256_storeu_ps(out + i, _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_set1_ps(unit)));
            continue;
        }
        int64_t sums[lanes] = {};
        for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
            const uint32_t end = a.positions - begin < sum_block ? a.positions : begin + sum_block;
            alignas(32) int32_t part[lanes];
            store8(part, weighted_sum8(values + i, a.head_dim, weight, begin, end));
            for (uint32_t j = 0; j < lanes; j++) sums[j] += part[j];
        }
        for (uint32_t j = 0; j < lanes; j++) out[i + j] = float(sums[j]) * unit;
    }
}

}  // namespace

void avx2_attend_q8(const Attention& a, const float* q, float* out) {
    if (a.head_dim != 8 && a.head_dim % 16) return ref_attend_q8(a, q, out);
    alignas(32) int8_t query[max_head_dim];
    alignas(32) int16_t wide[max_head_dim];
    float query_scale;
    ref_quantize_row(q, a.head_dim, QuantizedTile{query, &query_scale, nullptr, a.head_dim}, 0);
    for (uint32_t i = 0; i < a.head_dim; i++) wide[i] = query[i];

    int32_t* score = reinterpret_cast<int32_t*>(a.scratch);
    int16_t* weight = reinterpret_cast<int16_t*>(a.scratch);
    const Extremes x = fill_scores(a, wide, query, score_scale(query_scale, a.scale), score);
    if (!x.finite) {
        for (uint32_t i = 0; i < a.head_dim; i++) out[i] = float_of(nan_bits);
        return;
    }
    const uint32_t total = scores_to_weights(a, x, score, weight);
    sum_values(a, weight, output_scale(x.value_exponent, total), out);
}

}  // namespace mote
