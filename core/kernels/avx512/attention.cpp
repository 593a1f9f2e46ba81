// attention: one query, or two that share their cache, against one head's q8 cache, sixteen positions or elements at a time. Every
// step is the integer step of softmax.h; what a tail lacks is masked away. What belongs to positions is loaded and spread once for
// both.
#include <immintrin.h>

#include "../ref/ref.h"
#include "../softmax.h"
#include "avx512.h"
#include "lanes.h"
#include "spread.h"

namespace mote {
namespace {

// A query as VPDPBUSD takes it beside keys whose top bits are flipped, which adds 128 to each of their elements.
struct Query {
    alignas(64) int8_t q[max_head_dim];
    int32_t minus_bias;  // -128 times the sum of its elements
    ScoreScale scale;
    int32_t largest;  // score
    uint32_t total;   // of all probabilities
};

void prepare(const Attention& a, const float* q, Query& query) {
    float query_scale;
    avx512_quantize_row(q, a.head_dim, QuantizedTile{query.q, &query_scale, nullptr, a.head_dim}, 0);
    int32_t sum = 0;
    if (a.head_dim == 8) {
        for (uint32_t i = 0; i < 8; i++) sum += query.q[i];
    } else {
        sum = sum_of_int8(query.q, a.head_dim);
    }
    query.minus_bias = -128 * sum;
    query.scale = score_scale(query_scale, a.scale);
}

__m512i flip(__m512i keys) { return _mm512_xor_si512(keys, _mm512_set1_epi8(int8_t(0x80))); }
__m512i load_scales(const uint16_t* p, __mmask16 mask) {
    return _mm512_cvtepu16_epi32(_mm512_castsi512_si256(_mm512_maskz_loadu_epi16(mask, p)));
}

// bf16 scales as mantissas and exponents; a zero scale has mantissa 0.
__m512i mantissas(__m512i bf16) {
    const __mmask16 nonzero = _mm512_test_epi32_mask(bf16, set1(0x7f80));
    return _mm512_maskz_or_epi32(nonzero, _mm512_and_si512(bf16, set1(0x7f)), set1(0x80));
}
__m512i exponents(__m512i bf16) { return _mm512_and_si512(_mm512_srli_epi32(bf16, 7), set1(0xff)); }

// ---- dots: sixteen of each query

// Keys of 8 elements, the first and the second halves of sixteen of them in a register.
template <uint32_t queries>
void dot16_of_8(const Query* query, const int8_t* keys, uint32_t positions, __m512i* dots) {
    const uint32_t bytes = positions * 8;
    const __m512i low = _mm512_maskz_loadu_epi8(first_bytes(bytes), keys);
    const __m512i high = _mm512_maskz_loadu_epi8(bytes > 64 ? first_bytes(bytes - 64) : 0, keys + 64);
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30),
                  odd = _mm512_or_si512(even, set1(1));
    const __m512i first = flip(_mm512_permutex2var_epi32(low, even, high)),
                  second = flip(_mm512_permutex2var_epi32(low, odd, high));
    for (uint32_t j = 0; j < queries; j++) {
        int32_t half[2];
        __builtin_memcpy(half, query[j].q, sizeof half);
        dots[j] = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(set1(query[j].minus_bias), first, set1(half[0])), second, set1(half[1]));
    }
}

// Sixteen keys of a multiple of 16 elements: four of them in the quarters of a register, four times.
template <uint32_t queries>
void dot16(const Query* query, const int8_t* keys, uint32_t head_dim, __m512i* dots) {
    __m512i sums[queries][4];
    for (uint32_t r = 0; r < 4; r++, keys += size_t(4) * head_dim) {
        for (uint32_t j = 0; j < queries; j++) sums[j][r] = _mm512_setzero_si512();
        for (uint32_t i = 0; i < head_dim; i += 16) {
            const auto key = [&](uint32_t k) {
                return _mm_loadu_si128(reinterpret_cast<const __m128i*>(keys + size_t(k) * head_dim + i));
            };
            __m512i four = _mm512_inserti32x4(_mm512_castsi128_si512(key(0)), key(1), 1);
            four = flip(_mm512_inserti32x4(_mm512_inserti32x4(four, key(2), 2), key(3), 3));
            for (uint32_t j = 0; j < queries; j++) {
                const __m512i own = _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(query[j].q + i)));
                sums[j][r] = _mm512_dpbusd_epi32(sums[j][r], four, own);
            }
        }
    }
    for (uint32_t j = 0; j < queries; j++) {
        const __m512i* s = sums[j];
        const __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(s[0], s[1]), _mm512_unpackhi_epi32(s[0], s[1]));
        const __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(s[2], s[3]), _mm512_unpackhi_epi32(s[2], s[3]));
        const __m512i c =
            _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));  // quarter k: key k of each register
        const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        dots[j] = _mm512_add_epi32(_mm512_permutexvar_epi32(order, c), set1(query[j].minus_bias));
    }
}

// Any number of keys below 16.
template <uint32_t queries>
void dot_tail(const Query* query, const int8_t* keys, uint32_t positions, uint32_t head_dim, __m512i* dots) {
    alignas(64) int32_t sums[queries][lanes] = {};
    for (uint32_t t = 0; t < positions; t++) {
        __m512i sum[queries];
        for (uint32_t j = 0; j < queries; j++) sum[j] = _mm512_setzero_si512();
        for (uint32_t i = 0; i < head_dim; i += 64) {
            const __mmask64 mask = first_bytes(head_dim - i);
            const __m512i k = flip(_mm512_maskz_loadu_epi8(mask, keys + size_t(t) * head_dim + i));
            for (uint32_t j = 0; j < queries; j++)
                sum[j] = _mm512_dpbusd_epi32(sum[j], k, _mm512_maskz_loadu_epi8(mask, query[j].q + i));
        }
        for (uint32_t j = 0; j < queries; j++) sums[j][t] = _mm512_reduce_add_epi32(sum[j]) + query[j].minus_bias;
    }
    for (uint32_t j = 0; j < queries; j++) dots[j] = _mm512_load_si512(sums[j]);
}

// ---- scores

// (a * b) >> 16 of signed 32-bit lanes, the lower 32 bits of it; b fits 15 bits.
__m512i multiply_shift16(__m512i a, int32_t b) {
    const __m512i shifted = set1(b << 16), even = _mm512_mul_epi32(a, shifted),
                  odd = _mm512_mul_epi32(_mm512_srli_epi64(a, 32), shifted);
    return merge_upper(even, odd);
}

// Shifts to the left, for which a product is clamped, as score_of saturates: a product is below 2^30, so clamping to 2^30 before
// such a shift, and not otherwise, is the same. Shifts by more than 30 take that definition itself.
[[gnu::noinline]] __m512i shift_scores(__m512i product, __m512i shift) {
    const __m512i zero = _mm512_setzero_si512(), left = _mm512_max_epi32(_mm512_sub_epi32(zero, shift), zero),
                  right = _mm512_max_epi32(shift, zero);
    const __m512i bound = _mm512_srlv_epi32(set1(1 << 30), left);
    const __m512i clamped = _mm512_max_epi32(_mm512_min_epi32(product, bound), _mm512_sub_epi32(zero, bound));
    return _mm512_srav_epi32(_mm512_sllv_epi32(clamped, left), right);
}
[[gnu::noinline]] __m512i scores_one_by_one(__m512i dots, const uint16_t* key_scales, __mmask16 active, const ScoreScale& scale) {
    alignas(64) int32_t each[lanes];
    _mm512_store_si512(each, dots);
    for (uint32_t t = 0; t < lanes && (active >> t & 1); t++) each[t] = score_of(each[t], key_scales[t], scale);
    return _mm512_load_si512(each);
}

// Of the keys that are `active`.
__m512i scores16(__m512i dots, const uint16_t* key_scales, __m512i mantissa, __m512i exponent, __mmask16 active,
                 const ScoreScale& scale) {
    const __m512i shift = _mm512_sub_epi32(set1(134 - 32 - scale.exponent), exponent);
    const __m512i product = multiply_shift16(_mm512_mullo_epi32(dots, mantissa), scale.mantissa);
    if (_mm512_mask_cmplt_epi32_mask(active, shift, _mm512_setzero_si512()) == 0) return _mm512_srav_epi32(product, shift);
    if (_mm512_mask_cmplt_epi32_mask(active, shift, set1(-30)) == 0) return shift_scores(product, shift);
    return scores_one_by_one(dots, key_scales, active, scale);
}

struct Cache {
    int32_t value_exponent;  // the largest of a value's scale
    bool finite;
};

// Fills each query's scores of all positions, and finds the largest.
template <uint32_t queries, bool of_8>
Cache fill_scores(const Attention& a, Query* query, int32_t* const* score) {
    const int8_t* keys = reinterpret_cast<const int8_t*>(a.keys);
    __m512i largest[queries], key_scale = _mm512_setzero_si512(), value_scale = key_scale;
    for (uint32_t j = 0; j < queries; j++) largest[j] = set1(-0x7fffffff);
    for (uint32_t t = 0; t < a.positions; t += lanes) {
        const uint32_t left = a.positions - t;
        const __mmask16 active = first_lanes(left);
        const int8_t* k = keys + size_t(t) * a.head_dim;
        __m512i dots[queries];
        if (of_8)
            dot16_of_8<queries>(query, k, left, dots);
        else if (left >= lanes)
            dot16<queries>(query, k, a.head_dim, dots);
        else
            dot_tail<queries>(query, k, left, a.head_dim, dots);
        const __m512i bf16 = load_scales(a.key_scales + t, active), mantissa = mantissas(bf16), exponent = exponents(bf16);
        for (uint32_t j = 0; j < queries; j++) {
            const __m512i s = scores16(dots[j], a.key_scales + t, mantissa, exponent, active, query[j].scale);
            _mm512_mask_storeu_epi32(score[j] + t, active, s);
            largest[j] = _mm512_mask_max_epi32(largest[j], active, largest[j], s);
        }
        key_scale = _mm512_max_epi32(key_scale, exponent);
        value_scale = _mm512_max_epi32(value_scale, exponents(load_scales(a.value_scales + t, active)));
    }
    for (uint32_t j = 0; j < queries; j++) query[j].largest = _mm512_reduce_max_epi32(largest[j]);
    const int32_t value_exponent = _mm512_reduce_max_epi32(value_scale);
    return {value_exponent, value_exponent < 255 && _mm512_reduce_max_epi32(key_scale) < 255};
}

// ---- weights

// exp2_negative of sixteen lanes: all products are of the lower halves, of which VPMULHUW gives the upper half, and the upper
// halves of one factor are 0. A shift by 32 and more gives 0, as it should.
__m512i exp2_negative16(__m512i d, __mmask16 active) {
    __m512i p = _mm512_sub_epi32(set1(15149), _mm512_mulhi_epu16(d, set1(2596)));
    p = _mm512_sub_epi32(set1(45324), _mm512_mulhi_epu16(p, d));
    p = _mm512_sub_epi32(set1(65536), _mm512_mulhi_epu16(p, d));
    return _mm512_maskz_srlv_epi32(active, p, _mm512_srli_epi32(d, 16));
}

constexpr uint32_t pairs = sum_block / 2;

// Weights of sixteen positions as VPDPWSSD takes them: positions k and k + 8 in word k.
void store_pairs(__m512i weights, int32_t* pair) {
    const __m512i second = _mm512_slli_epi32(_mm512_shuffle_i64x2(weights, weights, 0x4e), 16);
    _mm256_store_si256(reinterpret_cast<__m256i*>(pair), _mm512_castsi512_si256(_mm512_or_si512(weights, second)));
}

// Weights of `count` positions from `begin` on (at most sum_block), and zeros up to a multiple of sixteen.
template <uint32_t queries>
void fill_weights(const Attention& a, Query* query, int32_t value_exponent, const int32_t* const* score, uint32_t begin,
                  uint32_t count, int32_t (*pair)[pairs]) {
    __m512i total[queries];
    for (uint32_t j = 0; j < queries; j++) total[j] = _mm512_setzero_si512();
    for (uint32_t t = 0; t < count; t += lanes) {
        const __mmask16 active = first_lanes(count - t);
        const __m512i bf16 = load_scales(a.value_scales + begin + t, active), mantissa = mantissas(bf16);
        const __m512i shift = _mm512_sub_epi32(set1(9 + value_exponent), exponents(bf16));
        const __m512i half = _mm512_sllv_epi32(set1(1), _mm512_sub_epi32(shift, set1(1)));
        for (uint32_t j = 0; j < queries; j++) {
            const __m512i d = _mm512_sub_epi32(set1(query[j].largest), _mm512_maskz_loadu_epi32(active, score[j] + begin + t));
            const __m512i p = exp2_negative16(d, active);
            total[j] = _mm512_add_epi32(total[j], p);
            store_pairs(_mm512_srlv_epi32(_mm512_add_epi32(_mm512_mullo_epi32(p, mantissa), half), shift), pair[j] + t / 2);
        }
    }
    for (uint32_t j = 0; j < queries; j++) query[j].total += uint32_t(_mm512_reduce_add_epi32(total[j]));
}

// ---- sums of weighted values

// Values of 8 elements: words of position k and k + 8, of elements 0 to 3 and of elements 4 to 7, four k in the quarters.
template <uint32_t queries>
void sum_of_8(const int8_t* values, const int32_t (*pair)[pairs], uint32_t count, int32_t (*sums)[max_head_dim]) {
    __m512i low[queries], high[queries];
    for (uint32_t j = 0; j < queries; j++) low[j] = high[j] = _mm512_setzero_si512();
    const auto add = [&](uint32_t t, __m256i first, __m256i second) {  // positions t .. t + 3, t + 8 .. t + 11
        const __m512i a = _mm512_cvtepi8_epi16(first), b = _mm512_cvtepi8_epi16(second);
        const __m512i lower = _mm512_unpacklo_epi16(a, b), upper = _mm512_unpackhi_epi16(a, b);
        for (uint32_t j = 0; j < queries; j++) {
            const __m512i w = spread16(reinterpret_cast<const int8_t*>(pair[j] + (t & ~15u) / 2 + (t & 7u)));
            low[j] = _mm512_dpwssd_epi32(low[j], lower, w);
            high[j] = _mm512_dpwssd_epi32(high[j], upper, w);
        }
    };
    uint32_t t = 0;
    for (; t + 16 <= count; t += 16) {
        const __m256i* v = reinterpret_cast<const __m256i*>(values + size_t(t) * 8);
        add(t, _mm256_loadu_si256(v), _mm256_loadu_si256(v + 2));
        add(t + 4, _mm256_loadu_si256(v + 1), _mm256_loadu_si256(v + 3));
    }
    if (t < count) {
        const uint32_t bytes = (count - t) * 8;
        const __m512i a = _mm512_maskz_loadu_epi8(first_bytes(bytes), values + size_t(t) * 8);
        const __m512i b = _mm512_maskz_loadu_epi8(bytes > 64 ? first_bytes(bytes - 64) : 0, values + size_t(t) * 8 + 64);
        add(t, _mm512_castsi512_si256(a), _mm512_castsi512_si256(b));
        add(t + 4, _mm512_extracti64x4_epi64(a, 1), _mm512_extracti64x4_epi64(b, 1));
    }
    for (uint32_t j = 0; j < queries; j++) {
        _mm_store_si128(reinterpret_cast<__m128i*>(sums[j]), add_quarters(low[j]));
        _mm_store_si128(reinterpret_cast<__m128i*>(sums[j] + 4), add_quarters(high[j]));
    }
}

// Sixteen elements of two positions, as words of both.
__m512i two_of_16(const int8_t* first, const int8_t* second) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(first)),
                  b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(second));
    return _mm512_cvtepi8_epi16(_mm256_set_m128i(_mm_unpackhi_epi8(a, b), _mm_unpacklo_epi8(a, b)));
}

// Sixteen elements of the sum, in four registers, so that no step waits for the one before.
template <uint32_t queries>
void sum16(const int8_t* values, uint32_t head_dim, const int32_t (*pair)[pairs], uint32_t count, uint32_t element,
           int32_t (*sums)[max_head_dim]) {
    __m512i s[queries][4];
    for (uint32_t j = 0; j < queries; j++) s[j][0] = s[j][1] = s[j][2] = s[j][3] = _mm512_setzero_si512();
    const auto add = [&](uint32_t t, uint32_t k, uint32_t second) {
        const __m512i v = two_of_16(values + size_t(t + k) * head_dim + element, values + size_t(second) * head_dim + element);
        for (uint32_t j = 0; j < queries; j++) s[j][k % 4] = _mm512_dpwssd_epi32(s[j][k % 4], v, set1(pair[j][t / 2 + k]));
    };
    uint32_t t = 0;
    for (; t + 16 <= count; t += 16)
        for (uint32_t k = 0; k < 8; k++) add(t, k, t + k + 8);
    // A position beyond the last has weight 0, and is not read.
    for (uint32_t k = 0; t < count && k < 8 && t + k < count; k++) add(t, k, t + k + 8 < count ? t + k + 8 : t + k);
    for (uint32_t j = 0; j < queries; j++)
        _mm512_store_si512(sums[j] + element,
                           _mm512_add_epi32(_mm512_add_epi32(s[j][0], s[j][1]), _mm512_add_epi32(s[j][2], s[j][3])));
}

template <uint32_t queries, bool of_8>
void sum_values(const Attention& a, const int32_t (*pair)[pairs], uint32_t begin, uint32_t count, int32_t (*sums)[max_head_dim]) {
    const int8_t* values = reinterpret_cast<const int8_t*>(a.values) + size_t(begin) * a.head_dim;
    if (of_8) return sum_of_8<queries>(values, pair, count, sums);
    for (uint32_t i = 0; i < a.head_dim; i += lanes) sum16<queries>(values, a.head_dim, pair, count, i, sums);
}

// out = sums * unit; and the same from more positions than int32 sums hold: blocks of them, added in 64 bits.
template <uint32_t queries, bool of_8>
void attend_values(const Attention& a, Query* query, int32_t value_exponent, const int32_t* const* score, float* out) {
    alignas(64) int32_t pair[queries][pairs], sums[queries][max_head_dim];
    if (a.positions <= sum_block) {
        fill_weights<queries>(a, query, value_exponent, score, 0, a.positions, pair);
        sum_values<queries, of_8>(a, pair, 0, a.positions, sums);
        for (uint32_t j = 0; j < queries; j++) {
            const __m512 unit = _mm512_set1_ps(output_scale(value_exponent, query[j].total));
            for (uint32_t i = 0; i < a.head_dim; i += lanes)
                _mm512_mask_storeu_ps(out + j * a.head_dim + i, first_lanes(a.head_dim - i),
                                      _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_load_si512(sums[j] + i)), unit));
        }
        return;
    }
    int64_t all[queries][max_head_dim] = {};
    for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
        const uint32_t count = a.positions - begin < sum_block ? a.positions - begin : sum_block;
        fill_weights<queries>(a, query, value_exponent, score, begin, count, pair);
        sum_values<queries, of_8>(a, pair, begin, count, sums);
        for (uint32_t j = 0; j < queries; j++)
            for (uint32_t i = 0; i < a.head_dim; i++) all[j][i] += sums[j][i];
    }
    for (uint32_t j = 0; j < queries; j++) {
        const float unit = output_scale(value_exponent, query[j].total);
        for (uint32_t i = 0; i < a.head_dim; i++) out[j * a.head_dim + i] = float(all[j][i]) * unit;
    }
}

template <uint32_t queries, bool of_8>
void attend(const Attention& a, const float* q, float* out) {
    Query query[queries];
    int32_t* score[queries];
    bool finite = true;
    for (uint32_t j = 0; j < queries; j++) {
        prepare(a, q + j * a.head_dim, query[j]);
        query[j].total = 0;
        score[j] = reinterpret_cast<int32_t*>(a.scratch) + size_t(j) * attention_scratch(a.positions, a.head_dim);
        finite = finite && query[j].scale.finite;
    }
    const Cache cache = fill_scores<queries, of_8>(a, query, score);
    // A query that is not finite leaves the other to its own.
    if (finite && cache.finite) return attend_values<queries, of_8>(a, query, cache.value_exponent, score, out);
    for (uint32_t j = 0; j < queries; j++) {
        float* own = out + j * a.head_dim;
        const int32_t* const own_score[] = {score[j]};
        if (cache.finite && query[j].scale.finite)
            attend_values<1, of_8>(a, query + j, cache.value_exponent, own_score, own);
        else
            for (uint32_t i = 0; i < a.head_dim; i++) own[i] = float_of(nan_bits);
    }
}

}  // namespace

void avx512_attend_q8(const Attention& a, const float* q, float* out) {
    if (a.head_dim == 8)
        attend<1, true>(a, q, out);
    else if (a.head_dim % 16 == 0)
        attend<1, false>(a, q, out);
    else
        ref_attend_q8(a, q, out);
}

void avx512_attend_two_q8(const Attention& a, const float* q, float* out) {
    if (a.head_dim == 8) return attend<2, true>(a, q, out);
    if (a.head_dim % 16 == 0) return attend<2, false>(a, q, out);
    ref_attend_q8(a, q, out);
    ref_attend_q8(a, q + a.head_dim, out + a.head_dim);
}

}  // namespace mote
