// attend: one query, or two that share a cache head, against its q8 cache, eight positions at a time, for each row that brings its
// own dots and its own sum of values (`Steps`). Every step is that of softmax.h for the scales that occur; what is loaded, and what
// depends on a position's scales only, is there once for both queries. Other scales, fewer positions and heads of no whole eights
// are ref's.
#pragma once

#include "../ref/ref.h"
#include "../softmax.h"
#include "lanes.h"
#include "neon.h"

namespace mote {
namespace {

constexpr uint32_t lanes = 8;

struct Eight {
    int32x4_t low, high;
};

[[gnu::always_inline]] inline Eight load_scores(const int32_t* p) { return {load4(p), load4(p + 4)}; }

// A shift for each lane of 32 bits. Vectors shift by the lowest byte, to the right where it is negative; by more than 31 as one
// would expect.
[[gnu::always_inline]] inline Eight widened(int16x8_t v) { return {vmovl_s16(vget_low_s16(v)), vmovl_s16(vget_high_s16(v))}; }

// bf16 scales as mantissas and exponents, of those that are not negative; a zero one's mantissa is wrong.
[[gnu::always_inline]] inline Eight mantissas(uint16x8_t bf16) {
    return widened(vreinterpretq_s16_u16(vorrq_u16(vandq_u16(bf16, vdupq_n_u16(0x7f)), vdupq_n_u16(0x80))));
}
[[gnu::always_inline]] inline int16x8_t exponents(uint16x8_t bf16) { return vreinterpretq_s16_u16(vshrq_n_u16(bf16, 7)); }

// How far each exponent lies below `largest`, or rather 127, if it is further than that.
[[gnu::always_inline]] inline Eight shifts(uint16x8_t bf16, int32_t largest) {
    return widened(vmaxq_s16(vsubq_s16(exponents(bf16), vdupq_n_s16(int16_t(largest))), vdupq_n_s16(-127)));
}

[[gnu::always_inline]] inline int32_t largest_lane(int32x4_t v) {
    const int32x2_t two = vmax_s32(vget_low_s32(v), vget_high_s32(v));
    return vget_lane_s32(vpmax_s32(two, two), 0);
}

[[gnu::always_inline]] inline uint16_t largest_lane(uint16x8_t v) {
    uint16x4_t four = vmax_u16(vget_low_u16(v), vget_high_u16(v));
    four = vpmax_u16(four, four);
    return vget_lane_u16(vpmax_u16(four, four), 0);
}

struct Exponents {
    int32_t key, value;  // the largest
    bool usual;          // else it is left to ref: a key's scale that is zero, and what is not finite or close to it
};

// The bits of a bf16 that is not negative are ordered as it is. From 16 on, a zero value's weight rounds to 0 with any mantissa.
[[gnu::always_inline]] inline Exponents largest_exponents(const Attention& a) {
    const uint16_t *keys = a.key_scales + a.positions % lanes, *values = a.value_scales + a.positions % lanes;
    const uint16x8_t first = load8(a.key_scales);
    uint16x8_t key_most = first, key_least = first, value_most = load8(a.value_scales);
    for (uint32_t left = a.positions / lanes; left; left--, keys += lanes, values += lanes) {
        const uint16x8_t k = load8(keys);
        key_most = vmaxq_u16(key_most, k);
        key_least = vminq_u16(key_least, k);
        value_most = vmaxq_u16(value_most, load8(values));
    }
    const int32_t key = largest_lane(key_most) >> 7, value = largest_lane(value_most) >> 7,
                  least = 0xffff - largest_lane(vmvnq_u16(key_least));
    return {key, value, value >= 16 && value <= 240 && least >= 0x80 && key < 255};
}

struct Query {
    int32_t factor;   // doubling and keeping the upper half of a product with it is (product * mantissa) >> 16 >> what all keys are
                      // shifted by
    int32_t largest;  // score
};

// False if scores would be shifted to the left, or so far to the right that hardly one is left.
[[gnu::always_inline]] inline bool has_factor(const ScoreScale& scale, int32_t key_exponent, Query& query) {
    const int32_t down = -(scale.exponent + key_exponent - 134 + 32);
    if (!scale.finite || down < 0 || down > 15) return false;
    query.factor = scale.mantissa << (15 - down);
    return true;
}

[[gnu::always_inline]] inline int32x4_t scores4(int32x4_t dots, int32x4_t key_mantissas, int32_t factor, int32x4_t shift) {
    return vshlq_s32(vqdmulhq_n_s32(vmulq_s32(dots, key_mantissas), factor), shift);
}

// Dots of each query with eight keys, four by four.
template <class Steps, uint32_t queries>
struct Dots {
    const int8_t* query;
    [[gnu::always_inline]] void of_eight(const int8_t* keys, size_t head_dim, Eight* d) const {
        for (uint32_t j = 0; j < queries; j++)
            d[j] = {Steps::four_dots(query + j * head_dim, keys, head_dim),
                    Steps::four_dots(query + j * head_dim, keys + 4 * head_dim, head_dim)};
    }
};

// Fills the scores of all positions, of which there are eight or more, for each query; some of the last eight may be done twice.
template <uint32_t queries, class Dots>
[[gnu::always_inline]] inline void fill_scores(const Attention& a, const Dots& dots, int32_t key_exponent, Query* query,
                                               int32_t* score) {
    const size_t positions = a.positions, head_dim = a.head_dim;
    const int8_t* keys = reinterpret_cast<const int8_t*>(a.keys);
    const uint16_t* key_scales = a.key_scales;
    int32x4_t largest[queries];
    for (uint32_t j = 0; j < queries; j++) largest[j] = vdupq_n_s32(-0x7fffffff);
    size_t left = positions, eight = positions % lanes ? positions % lanes : lanes;  // the first step is by what is no whole eight
    do {
        const uint16x8_t own_scales = load8(key_scales);
        const Eight m = mantissas(own_scales), shift = shifts(own_scales, key_exponent);
        Eight d[queries];
        dots.of_eight(keys, head_dim, d);
#pragma GCC unroll 2
        for (uint32_t j = 0; j < queries; j++) {
            const Eight s{scores4(d[j].low, m.low, query[j].factor, shift.low),
                          scores4(d[j].high, m.high, query[j].factor, shift.high)};
            store(score + j * positions, s.low);
            store(score + j * positions + 4, s.high);
            largest[j] = vmaxq_s32(vmaxq_s32(largest[j], s.low), s.high);
        }
        keys += eight * head_dim, key_scales += eight, score += eight, left -= eight, eight = lanes;
    } while (left);
    for (uint32_t j = 0; j < queries; j++) query[j].largest = largest_lane(largest[j]);
}

// (a * b) >> 16
[[gnu::always_inline]] inline uint16x8_t multiply_high8(uint16x8_t a, uint16x8_t b) {
    const uint32x4_t low = vmull_u16(vget_low_u16(a), vget_low_u16(b));
#if defined(__aarch64__)
    const uint32x4_t high = vmull_high_u16(a, b);
#else
    const uint32x4_t high = vmull_u16(vget_high_u16(a), vget_high_u16(b));
#endif
    return vuzpq_u16(vreinterpretq_u16_u32(low), vreinterpretq_u16_u32(high)).val[1];
}

struct EightUnsigned {
    uint32x4_t low, high;
};

// exp2_negative of eight lanes. 65536 >> 17 and more is 0, as it should be.
[[gnu::always_inline]] inline EightUnsigned exp2_negative8(const Eight& d) {
    const uint16x8x2_t parts = vuzpq_u16(vreinterpretq_u16_s32(d.low), vreinterpretq_u16_s32(d.high));
    const uint16x8_t f = parts.val[0];
    const Eight down = widened(vnegq_s16(vreinterpretq_s16_u16(vminq_u16(parts.val[1], vdupq_n_u16(31)))));
    uint16x8_t p = vsubq_u16(vdupq_n_u16(15149), multiply_high8(vdupq_n_u16(2596), f));
    p = vsubq_u16(vdupq_n_u16(45324), multiply_high8(p, f));
    p = multiply_high8(p, f);
    const uint32x4_t one = vdupq_n_u32(65536);
    return {vshlq_u32(vsubw_u16(one, vget_low_u16(p)), down.low), vshlq_u32(vsubw_u16(one, vget_high_u16(p)), down.high)};
}

// weight_of, of four lanes.
[[gnu::always_inline]] inline int16x8_t weights8(const EightUnsigned& p, const Eight& m, const Eight& shift) {
    const uint32x4_t low = vrshlq_u32(vmulq_u32(p.low, vreinterpretq_u32_s32(m.low)), shift.low);
    const uint32x4_t high = vrshlq_u32(vmulq_u32(p.high, vreinterpretq_u32_s32(m.high)), shift.high);
    return vuzpq_s16(vreinterpretq_s16_u32(low), vreinterpretq_s16_u32(high)).val[0];
}

// The last lanes, from `begin` on.
[[gnu::always_inline]] inline EightUnsigned lanes_from(uint32_t begin, const EightUnsigned& p) {
    static const uint32_t order[lanes] = {0, 1, 2, 3, 4, 5, 6, 7};
    const uint32x4_t first = vdupq_n_u32(begin);
    return {vandq_u32(p.low, vcgeq_u32(vld1q_u32(order), first)), vandq_u32(p.high, vcgeq_u32(vld1q_u32(order + 4), first))};
}

// Weights lie where their query's scores lay, from the front: 16 bytes for eight positions, as the row has them. If positions are
// no multiple of eight, the last 16 bytes are those of the last eight positions, where those that came before weigh nothing.
//
// Turns the scores of each query into weights, and gives each the sum of its probabilities. A weight's place never lies behind its
// score's, but for the last eight, which are read before.
template <class Steps, uint32_t queries>
[[gnu::always_inline]] inline void scores_to_weights(const Attention& a, int32_t value_exponent, const Query* query, int32_t* score,
                                                     uint32_t* total) {
    const size_t positions = a.positions, eights = positions / lanes;
    const uint16_t* value_scales = a.value_scales;
    Eight last[queries];
    int32x4_t largest[queries];
    uint32x4_t sum[queries];
    for (uint32_t j = 0; j < queries; j++) {
        last[j] = load_scores(score + (j + 1) * positions - lanes);
        largest[j] = vdupq_n_s32(query[j].largest);
        sum[j] = vdupq_n_u32(0);
    }
    const int32_t* from = score;
    int8_t* to = reinterpret_cast<int8_t*>(score);
    for (size_t left = eights; left; left--, from += lanes, to += 16, value_scales += lanes) {
        const uint16x8_t own_scales = load8(value_scales);
        const Eight m = mantissas(own_scales), shift = shifts(own_scales, 9 + value_exponent);
#pragma GCC unroll 2
        for (uint32_t j = 0; j < queries; j++) {
            const Eight s = load_scores(from + j * positions);
            const EightUnsigned p = exp2_negative8({vsubq_s32(largest[j], s.low), vsubq_s32(largest[j], s.high)});
            sum[j] = vaddq_u32(sum[j], vaddq_u32(p.low, p.high));
            Steps::store_weights(to + j * positions * sizeof *score, weights8(p, m, shift));
        }
    }
    if (positions % lanes) {
        const uint16x8_t own_scales = load8(a.value_scales + positions - lanes);
        const Eight m = mantissas(own_scales), shift = shifts(own_scales, 9 + value_exponent);
        for (uint32_t j = 0; j < queries; j++) {
            const EightUnsigned p =
                lanes_from(uint32_t(lanes - positions % lanes),
                           exp2_negative8({vsubq_s32(largest[j], last[j].low), vsubq_s32(largest[j], last[j].high)}));
            sum[j] = vaddq_u32(sum[j], vaddq_u32(p.low, p.high));
            Steps::store_weights(to + j * positions * sizeof *score, weights8(p, m, shift));
        }
    }
    for (uint32_t j = 0; j < queries; j++) {
        const uint32x2_t two = vadd_u32(vget_low_u32(sum[j]), vget_high_u32(sum[j]));
        total[j] = vget_lane_u32(vpadd_u32(two, two), 0);
    }
}

[[gnu::always_inline]] inline void store_scaled(const Eight& sum, float unit, float* out) {
#if defined(__aarch64__)
    store(out, vmulq_n_f32(vcvtq_f32_s32(sum.low), unit));
    store(out + 4, vmulq_n_f32(vcvtq_f32_s32(sum.high), unit));
#else
    int32_t each[lanes];
    store(each, sum.low), store(each + 4, sum.high);
    for (uint32_t j = 0; j < lanes; j++) out[j] = float(each[j]) * unit;
#endif
}

// Eight elements of each query's sum of weighted values over [begin, end), at most sum_block positions; begin is a multiple of
// eight.
template <class Sums>
[[gnu::always_inline]] inline void sum_block8(const Attention& a, const int8_t* values, const int32_t* weight, uint32_t begin,
                                              uint32_t end, Eight* sum) {
    Sums sums;
    const size_t head_dim = a.head_dim, row = a.positions * sizeof *weight;
    const int8_t *v = values + begin * head_dim, *w = reinterpret_cast<const int8_t*>(weight) + 2 * size_t(begin);
    for (size_t left = (end - begin) / lanes; left; left--, w += 16) sums.add_eight(v, head_dim, w, row);
    if (end % lanes) {
        v -= (lanes - end % lanes) * head_dim;
        sums.add_eight(v, head_dim, w, row);
    }
    sums.finish(sum);
}

// The same where one block's sum is a part.
[[gnu::noinline, gnu::unused]] void add_and_store_scaled(const Eight& sum, float unit, int64_t* total, float* out) {
    int32_t part[lanes];
    store(part, sum.low), store(part + 4, sum.high);
    for (uint32_t e = 0; e < lanes; e++) out[e] = float(total[e] += part[e]) * unit;
}

template <class Sums, uint32_t queries>
[[gnu::always_inline]] inline void sum_values(const Attention& a, const int32_t* weight, const float* unit, float* out) {
    for (uint32_t i = 0; i < a.head_dim; i += lanes) {
        const int8_t* values = reinterpret_cast<const int8_t*>(a.values) + i;
        int64_t total[queries][lanes];
        if (a.positions > sum_block) __builtin_memset(total, 0, sizeof total);
        for (uint32_t begin = 0, end; begin < a.positions; begin = end) {
            end = a.positions - begin < sum_block ? a.positions : begin + sum_block;
            Eight sum[queries];
            sum_block8<Sums>(a, values, weight, begin, end, sum);
            for (uint32_t j = 0; j < queries; j++) {
                float* to = out + j * a.head_dim + i;
                if (a.positions <= sum_block)
                    store_scaled(sum[j], unit[j], to);
                else
                    add_and_store_scaled(sum[j], unit[j], total[j], to);
            }
        }
    }
}

// False, with out untouched, if it is ref's.
template <class Steps, uint32_t queries>
[[gnu::always_inline]] inline bool attended(const Attention& a, const float* q, float* out) {
    if (a.head_dim % 8 || a.positions < lanes) return false;
    const Exponents largest = largest_exponents(a);
    if (!largest.usual) return false;
    int32_t* const score = reinterpret_cast<int32_t*>(a.scratch);
    int8_t* const quantized = reinterpret_cast<int8_t*>(a.scratch + size_t(queries) * a.positions);
    Query query[queries];
    for (uint32_t j = 0; j < queries; j++) {
        float query_scale;
        neon_quantize_row(q + j * a.head_dim, a.head_dim,
                          QuantizedTile{quantized + j * a.head_dim, &query_scale, nullptr, a.head_dim}, 0);
        if (!has_factor(score_scale(query_scale, a.scale), largest.key, query[j])) return false;
    }
    if (a.head_dim == 8)
        fill_scores<queries>(a, typename Steps::template DotsOf8<queries>(quantized), largest.key, query, score);
    else
        fill_scores<queries>(a, Dots<Steps, queries>{quantized}, largest.key, query, score);
    uint32_t total[queries];
    scores_to_weights<Steps, queries>(a, largest.value, query, score, total);
    float unit[queries];
    for (uint32_t j = 0; j < queries; j++) unit[j] = output_scale(largest.value, total[j]);
    if (a.head_dim == 8)
        sum_values<typename Steps::template SumsOf8<queries>, queries>(a, score, unit, out);
    else
        sum_values<typename Steps::template Sums<queries>, queries>(a, score, unit, out);
    return true;
}

template <class Steps>
[[gnu::always_inline]] inline void attend_q8(const Attention& a, const float* q, float* out) {
    if (!attended<Steps, 1>(a, q, out)) ref_attend_q8(a, q, out);
}

template <class Steps>
[[gnu::always_inline]] inline void attend_two_q8(const Attention& a, const float* q, float* out) {
    if (attended<Steps, 2>(a, q, out)) return;
    ref_attend_q8(a, q, out);
    ref_attend_q8(a, q + a.head_dim, out + a.head_dim);
}

}  // namespace
}  // namespace mote
