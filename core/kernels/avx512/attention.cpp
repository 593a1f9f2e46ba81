// attention: one query against one head's q8 cache, sixteen positions or elements at a time. Every step is the integer step of
// softmax.h; what a tail lacks is masked away.
#include <immintrin.h>

#include "../avx2/avx2.h"
#include "../ref/ref.h"
#include "../softmax.h"
#include "avx512.h"

namespace mote {
namespace {

constexpr uint32_t lanes = 16;

// The first n lanes, of 16 or of 64; n may be more.
__mmask16 first_lanes(uint32_t n) { return n >= 16 ? __mmask16(0xffff) : __mmask16((1u << n) - 1); }
__mmask64 first_bytes(uint32_t n) { return n >= 64 ? ~uint64_t(0) : (uint64_t(1) << n) - 1; }

__m512i set1(int32_t x) { return _mm512_set1_epi32(x); }
__m512i load_scales(const uint16_t* p, __mmask16 mask) {
    return _mm512_cvtepu16_epi32(_mm512_castsi512_si256(_mm512_maskz_loadu_epi16(mask, p)));
}

// bf16 scales as mantissas and exponents; a zero scale has mantissa 0.
__m512i mantissas(__m512i bf16) {
    const __mmask16 nonzero = _mm512_test_epi32_mask(bf16, set1(0x7f80));
    return _mm512_maskz_or_epi32(nonzero, _mm512_and_si512(bf16, set1(0x7f)), set1(0x80));
}
__m512i exponents(__m512i bf16) { return _mm512_and_si512(_mm512_srli_epi32(bf16, 7), set1(0xff)); }

// A query as VPDPBUSD takes it beside keys whose top bits are flipped, which adds 128 to each of their elements.
struct Query {
    const int8_t* q;
    __m512i eight;  // head_dim 8: the whole of it, eight times
    __m512i bias;   // 128 times the sum of its elements
};

Query spread_query(const int8_t* q, uint32_t head_dim) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < head_dim; i++) sum += q[i];
    int64_t eight;
    __builtin_memcpy(&eight, q, sizeof eight);
    return {q, _mm512_set1_epi64(eight), set1(128 * sum)};
}

// Keys of 8 elements: two registers of eight keys, each in two lanes that are added here.
__m512i dot16_of_8(const Query& q, const int8_t* keys, uint32_t positions) {
    const __m512i top = _mm512_set1_epi8(int8_t(0x80)), zero = _mm512_setzero_si512();
    const uint32_t bytes = positions * 8;
    const __m512i low = _mm512_maskz_loadu_epi8(first_bytes(bytes), keys);
    const __m512i high = _mm512_maskz_loadu_epi8(bytes > 64 ? first_bytes(bytes - 64) : 0, keys + 64);
    const __m512i a = _mm512_dpbusd_epi32(zero, _mm512_xor_si512(low, top), q.eight), b = _mm512_dpbusd_epi32(zero, _mm512_xor_si512(high, top), q.eight);
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_or_si512(even, set1(1));
    return _mm512_add_epi32(_mm512_permutex2var_epi32(a, even, b), _mm512_permutex2var_epi32(a, odd, b));
}

// Four keys' partial sums, each in one quarter of the register.
__m512i four_keys(const int8_t* q, const int8_t* keys, uint32_t head_dim) {
    const auto load = [&](uint32_t key, uint32_t i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(keys + size_t(key) * head_dim + i)); };
    __m512i sum = _mm512_setzero_si512();
    for (uint32_t i = 0; i < head_dim; i += 16) {
        __m512i k = _mm512_inserti32x4(_mm512_castsi128_si512(load(0, i)), load(1, i), 1);
        k = _mm512_inserti32x4(_mm512_inserti32x4(k, load(2, i), 2), load(3, i), 3);
        const __m512i own = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(q + i)));
        sum = _mm512_dpbusd_epi32(sum, _mm512_xor_si512(k, _mm512_set1_epi8(int8_t(0x80))), own);
    }
    return sum;
}

// Sixteen keys of a multiple of 16 elements.
__m512i dot16(const Query& q, const int8_t* keys, uint32_t head_dim) {
    __m512i s[4];
    for (uint32_t r = 0; r < 4; r++) s[r] = four_keys(q.q, keys + size_t(4 * r) * head_dim, head_dim);
    const __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(s[0], s[1]), _mm512_unpackhi_epi32(s[0], s[1]));
    const __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(s[2], s[3]), _mm512_unpackhi_epi32(s[2], s[3]));
    const __m512i c = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));  // quarter k: key k of each register
    return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), c);
}

// Any number of keys below 16.
__m512i dot_tail(const Query& q, const int8_t* keys, uint32_t positions, uint32_t head_dim) {
    alignas(64) int32_t sums[lanes] = {};
    for (uint32_t t = 0; t < positions; t++) {
        __m512i sum = _mm512_setzero_si512();
        for (uint32_t i = 0; i < head_dim; i += 64) {
            const __mmask64 mask = first_bytes(head_dim - i);
            const __m512i k = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, keys + size_t(t) * head_dim + i), _mm512_set1_epi8(int8_t(0x80)));
            sum = _mm512_dpbusd_epi32(sum, k, _mm512_maskz_loadu_epi8(mask, q.q + i));
        }
        sums[t] = _mm512_reduce_add_epi32(sum);
    }
    return _mm512_load_si512(sums);
}

// (a * b) >> 16 of signed 32-bit lanes, the lower 32 bits of it.
__m512i multiply_shift16(__m512i a, __m512i b) {
    const __m512i even = _mm512_srli_epi64(_mm512_mul_epi32(a, b), 16);
    const __m512i odd = _mm512_slli_epi64(_mm512_mul_epi32(_mm512_srli_epi64(a, 32), b), 16);
    return _mm512_mask_blend_epi32(0xaaaa, even, odd);
}

// Sixteen scores from sixteen dots. A product is below 2^30, so clamping to 2^30 before a shift to the left, and not otherwise, is the
// saturation of score_of; shifts by more than 30 take that definition itself.
__m512i scores16(__m512i dots, const uint16_t* key_scales, __m512i bf16, __mmask16 active, const ScoreScale& scale) {
    const __m512i zero = _mm512_setzero_si512(), shift = _mm512_sub_epi32(set1(134 - 32 - scale.exponent), exponents(bf16));
    if (_mm512_mask_cmplt_epi32_mask(active, shift, set1(-30)) == 0) {
        const __m512i product = multiply_shift16(_mm512_mullo_epi32(dots, mantissas(bf16)), set1(scale.mantissa));
        const __m512i left = _mm512_max_epi32(_mm512_sub_epi32(zero, shift), zero), right = _mm512_max_epi32(shift, zero);
        const __m512i bound = _mm512_srlv_epi32(set1(1 << 30), left);
        const __m512i clamped = _mm512_max_epi32(_mm512_min_epi32(product, bound), _mm512_sub_epi32(zero, bound));
        return _mm512_srav_epi32(_mm512_sllv_epi32(clamped, left), right);
    }
    alignas(64) int32_t each[lanes];
    _mm512_store_si512(each, dots);
    for (uint32_t t = 0; t < lanes && (active >> t & 1); t++) each[t] = score_of(each[t], key_scales[t], scale);
    return _mm512_load_si512(each);
}

struct Extremes {
    int32_t score, value_exponent;
    bool finite;
};

// Fills the scores of all positions; returns the largest score and the largest exponent of a value's scale.
template <bool of_8>
Extremes fill_scores(const Attention& a, const Query& q, const ScoreScale& scale, int32_t* score) {
    const int8_t* keys = reinterpret_cast<const int8_t*>(a.keys);
    __m512i largest = set1(-0x7fffffff), key_scale = _mm512_setzero_si512(), value_scale = key_scale;
    for (uint32_t t = 0; t < a.positions; t += lanes) {
        const uint32_t left = a.positions - t;
        const __mmask16 active = first_lanes(left);
        const int8_t* k = keys + size_t(t) * a.head_dim;
        const __m512i dots = of_8 ? dot16_of_8(q, k, left) : left >= lanes ? dot16(q, k, a.head_dim) : dot_tail(q, k, left, a.head_dim);
        const __m512i bf16 = load_scales(a.key_scales + t, active);
        const __m512i s = scores16(_mm512_sub_epi32(dots, q.bias), a.key_scales + t, bf16, active, scale);
        _mm512_mask_storeu_epi32(score + t, active, s);
        largest = _mm512_mask_max_epi32(largest, active, largest, s);
        key_scale = _mm512_max_epi32(key_scale, _mm512_and_si512(bf16, set1(0x7f80)));
        value_scale = _mm512_max_epi32(value_scale, _mm512_and_si512(load_scales(a.value_scales + t, active), set1(0x7f80)));
    }
    const int32_t value_exponent = _mm512_reduce_max_epi32(value_scale) >> 7;
    return {_mm512_reduce_max_epi32(largest), value_exponent,
            scale.finite && value_exponent < 255 && _mm512_reduce_max_epi32(key_scale) >> 7 < 255};
}

// exp2_negative of sixteen lanes. A shift by 32 and more gives 0, as it should.
__m512i exp2_negative16(__m512i d) {
    const __m512i f = _mm512_and_si512(d, set1(0xffff));
    __m512i p = _mm512_sub_epi32(set1(15149), _mm512_srli_epi32(_mm512_mullo_epi32(set1(2596), f), 16));
    p = _mm512_sub_epi32(set1(45324), _mm512_srli_epi32(_mm512_mullo_epi32(p, f), 16));
    p = _mm512_sub_epi32(set1(65536), _mm512_srli_epi32(_mm512_mullo_epi32(p, f), 16));
    return _mm512_srlv_epi32(p, _mm512_srli_epi32(d, 16));
}

// Turns scores into weights in place, as int16 from the front (a weight's place never lies behind its score's).
// Returns the sum of all probabilities.
uint32_t scores_to_weights(const Attention& a, const Extremes& x, const int32_t* score, int16_t* weight) {
    __m512i total = _mm512_setzero_si512();
    for (uint32_t t = 0; t < a.positions; t += lanes) {
        const __mmask16 active = first_lanes(a.positions - t);
        const __m512i d = _mm512_sub_epi32(set1(x.score), _mm512_maskz_loadu_epi32(active, score + t));
        const __m512i p = exp2_negative16(d), bf16 = load_scales(a.value_scales + t, active);
        total = _mm512_mask_add_epi32(total, active, total, p);
        const __m512i shift = _mm512_sub_epi32(set1(9 + x.value_exponent), exponents(bf16));
        const __m512i half = _mm512_sllv_epi32(set1(1), _mm512_sub_epi32(shift, set1(1)));
        const __m512i w = _mm512_srlv_epi32(_mm512_add_epi32(_mm512_mullo_epi32(p, mantissas(bf16)), half), shift);
        _mm512_mask_cvtepi32_storeu_epi16(weight + t, active, w);
    }
    return uint32_t(_mm512_reduce_add_epi32(total));
}

// Four positions of 8 elements; each half of the sum has two of them.
__m512i add_four_of_8(__m512i sum, const int8_t* values, const int16_t* weight) {
    const __m256i interleave = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15));
    const __m512i halves = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    const __m256i v = _mm256_shuffle_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(values)), interleave);
    int64_t four;
    __builtin_memcpy(&four, weight, sizeof four);
    return _mm512_dpwssd_epi32(sum, _mm512_cvtepi8_epi16(v), _mm512_permutexvar_epi32(halves, _mm512_set1_epi64(four)));
}

// Two positions of 16 elements.
__m512i add_two_of_16(__m512i sum, const int8_t* first, const int8_t* second, const int16_t* weight) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(first)), b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(second));
    const __m512i v = _mm512_cvtepi8_epi16(_mm256_set_m128i(_mm_unpackhi_epi8(a, b), _mm_unpacklo_epi8(a, b)));
    int32_t pair;
    __builtin_memcpy(&pair, weight, sizeof pair);
    return _mm512_dpwssd_epi32(sum, v, set1(pair));
}

// Sums in four registers, so that no step waits for the one before.
struct Sums {
    __m512i s[4];
    Sums() { s[0] = s[1] = s[2] = s[3] = _mm512_setzero_si512(); }
    __m512i all() const { return _mm512_add_epi32(_mm512_add_epi32(s[0], s[1]), _mm512_add_epi32(s[2], s[3])); }
};

__m256i weighted_sum_of_8(const int8_t* values, const int16_t* weight, uint32_t count) {
    Sums sums;
    uint32_t t = 0;
    for (; t + 16 <= count; t += 16)
        for (uint32_t k = 0; k < 4; k++) sums.s[k] = add_four_of_8(sums.s[k], values + size_t(t + 4 * k) * 8, weight + t + 4 * k);
    for (; t + 4 <= count; t += 4) sums.s[0] = add_four_of_8(sums.s[0], values + size_t(t) * 8, weight + t);
    const __m512i sum = sums.all();
    __m256i rest = _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
    for (; t < count; t++) {
        const __m256i v = _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(values + size_t(t) * 8)));
        rest = _mm256_add_epi32(rest, _mm256_mullo_epi32(v, _mm256_set1_epi32(weight[t])));
    }
    return rest;
}

// Sixteen elements of the sum of weighted values.
__m512i weighted_sum16(const int8_t* values, uint32_t head_dim, const int16_t* weight, uint32_t count) {
    const auto at = [&](uint32_t t) { return values + size_t(t) * head_dim; };
    Sums sums;
    uint32_t t = 0;
    for (; t + 8 <= count; t += 8)
        for (uint32_t k = 0; k < 4; k++) sums.s[k] = add_two_of_16(sums.s[k], at(t + 2 * k), at(t + 2 * k + 1), weight + t + 2 * k);
    for (; t + 2 <= count; t += 2) sums.s[0] = add_two_of_16(sums.s[0], at(t), at(t + 1), weight + t);
    const __m512i sum = sums.all();
    if (t == count) return sum;
    const __m512i last = _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at(t))));
    return _mm512_add_epi32(sum, _mm512_mullo_epi32(last, set1(weight[t])));
}

// More positions than int32 sums hold: blocks of them, added in 64 bits.
void sum_long(const Attention& a, const int8_t* values, const int16_t* weight, uint32_t elements, float unit, float* out) {
    int64_t sums[lanes] = {};
    for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
        const uint32_t count = a.positions - begin < sum_block ? a.positions - begin : sum_block;
        const int8_t* v = values + size_t(begin) * a.head_dim;
        alignas(64) int32_t part[lanes] = {};
        if (elements == 8) _mm256_store_si256(reinterpret_cast<__m256i*>(part), weighted_sum_of_8(v, weight + begin, count));
        else _mm512_store_si512(part, weighted_sum16(v, a.head_dim, weight + begin, count));
        for (uint32_t i = 0; i < elements; i++) sums[i] += part[i];
    }
    for (uint32_t i = 0; i < elements; i++) out[i] = float(sums[i]) * unit;
}

void sum_values(const Attention& a, const int16_t* weight, float unit, float* out) {
    const int8_t* values = reinterpret_cast<const int8_t*>(a.values);
    const uint32_t step = a.head_dim == 8 ? 8 : lanes;
    for (uint32_t i = 0; i < a.head_dim; i += step) {
        if (a.positions > sum_block) sum_long(a, values + i, weight, step, unit, out + i);
        else if (step == 8) _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_cvtepi32_ps(weighted_sum_of_8(values, weight, a.positions)), _mm256_set1_ps(unit)));
        else _mm512_storeu_ps(out + i, _mm512_mul_ps(_mm512_cvtepi32_ps(weighted_sum16(values + i, a.head_dim, weight, a.positions)), _mm512_set1_ps(unit)));
    }
}

}  // namespace

void avx512_attend_q8(const Attention& a, const float* q, float* out) {
    if (a.head_dim != 8 && a.head_dim % 16) return ref_attend_q8(a, q, out);
    alignas(64) int8_t query[max_head_dim];
    float query_scale;
    avx2_quantize_row(q, a.head_dim, QuantizedTile{query, &query_scale, nullptr, a.head_dim}, 0);

    int32_t* score = reinterpret_cast<int32_t*>(a.scratch);
    int16_t* weight = reinterpret_cast<int16_t*>(a.scratch);
    const Query spread = spread_query(query, a.head_dim);
    const ScoreScale scale = score_scale(query_scale, a.scale);
    const Extremes x = a.head_dim == 8 ? fill_scores<true>(a, spread, scale, score) : fill_scores<false>(a, spread, scale, score);
    if (!x.finite) {
        for (uint32_t i = 0; i < a.head_dim; i++) out[i] = float_of(nan_bits);
        return;
    }
    const uint32_t total = scores_to_weights(a, x, score, weight);
    sum_values(a, weight, output_scale(x.value_exponent, total), out);
}

}  // namespace mote
