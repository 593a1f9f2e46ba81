// attend: one query against one head's q8 cache, eight positions at a time, for each row that brings its own dots of a query with four
// keys. Every step is that of softmax.h for the scales that occur; other scales, fewer positions and heads of no whole eights are ref's.
#pragma once

#include "../ref/ref.h"
#include "../softmax.h"
#include "lanes.h"
#include "neon.h"

namespace mote {
namespace {

constexpr uint32_t lanes = 8;

/// A query's dots with the four keys at `keys`; head_dim % 8 == 0.
using FourDots = int32x4_t (*)(const int8_t* query, const int8_t* keys, size_t head_dim);

struct Eight {
    int32x4_t low, high;
};

[[gnu::always_inline]] inline Eight load_scores(const int32_t* p) { return {load4(p), load4(p + 4)}; }

// bf16 scales as mantissas and exponents, of those that are not negative; a zero one's mantissa is wrong.
[[gnu::always_inline]] inline uint16x8_t mantissas(uint16x8_t bf16) { return vorrq_u16(vandq_u16(bf16, vdupq_n_u16(0x7f)), vdupq_n_u16(0x80)); }
[[gnu::always_inline]] inline int16x8_t exponents(uint16x8_t bf16) { return vreinterpretq_s16_u16(vshrq_n_u16(bf16, 7)); }

// How far a key's exponent shifts its score to the left.
inline int32_t shift_of(int32_t exponent, const ScoreScale& scale) { return exponent + scale.exponent - 134 + 32; }

// Doubling and keeping the upper half of a product with mantissa << 15 is (a * mantissa) >> 16.
[[gnu::always_inline]] inline int32x4_t scores4(int32x4_t dots, uint16x4_t key_mantissas, int32_t mantissa, int16x4_t shift) {
    const int32x4_t scaled = vmulq_s32(dots, vreinterpretq_s32_u32(vmovl_u16(key_mantissas)));
    return vshlq_s32(vqdmulhq_n_s32(scaled, mantissa << 15), vmovl_s16(shift));
}

// Shifts to the right by more than 31 do what 31 does: nothing but the sign is left.
[[gnu::always_inline]] inline Eight scores8(const Eight& dots, uint16x8_t key_scales, const ScoreScale& scale) {
    const uint16x8_t m = mantissas(key_scales);
    const int16x8_t shift = vmaxq_s16(vaddq_s16(exponents(key_scales), vdupq_n_s16(int16_t(shift_of(0, scale)))), vdupq_n_s16(-31));
    return {scores4(dots.low, vget_low_u16(m), scale.mantissa, vget_low_s16(shift)),
            scores4(dots.high, vget_high_u16(m), scale.mantissa, vget_high_s16(shift))};
}

struct Extremes {
    int32_t score, value_exponent;
    bool usual;  // what ref does for other scales is left to it: zero, not finite, or that shift a score to the left
};

[[gnu::always_inline]] inline int32_t largest_lane(int32x4_t v) {
    const int32x2_t two = vmax_s32(vget_low_s32(v), vget_high_s32(v));
    return vget_lane_s32(vpmax_s32(two, two), 0);
}

[[gnu::always_inline]] inline uint16_t largest_lane(uint16x8_t v) {
    uint16x4_t four = vmax_u16(vget_low_u16(v), vget_high_u16(v));
    four = vpmax_u16(four, four);
    return vget_lane_u16(vpmax_u16(four, four), 0);
}

// Fills the scores of all positions, of which there are eight or more; some of the last eight may be done twice.
template <FourDots dots>
[[gnu::always_inline]] inline Extremes fill_scores(const Attention& a, const int8_t* query, const ScoreScale& scale, int32_t* score) {
    const int8_t* keys = reinterpret_cast<const int8_t*>(a.keys);
    const uint16_t *key_scales = a.key_scales, *value_scales = a.value_scales;
    const size_t head_dim = a.head_dim;
    int32x4_t largest = vdupq_n_s32(-0x7fffffff);
    uint16x8_t key_most = vdupq_n_u16(0), key_least = vdupq_n_u16(0xffff), value_most = key_most;
    uint32_t left = a.positions;
    do {
        if (left < lanes) {
            const uint32_t back = lanes - left;
            keys -= back * head_dim, key_scales -= back, value_scales -= back, score -= back, left = lanes;
        }
        const uint16x8_t own_scales = load8(key_scales);
        const Eight s = scores8({dots(query, keys, head_dim), dots(query, keys + 4 * head_dim, head_dim)}, own_scales, scale);
        store(score, s.low);
        store(score + 4, s.high);
        largest = vmaxq_s32(largest, vmaxq_s32(s.low, s.high));
        key_most = vmaxq_u16(key_most, own_scales);
        key_least = vminq_u16(key_least, own_scales);
        value_most = vmaxq_u16(value_most, load8(value_scales));
        keys += lanes * head_dim, key_scales += lanes, value_scales += lanes, score += lanes, left -= lanes;
    } while (left);
    // The bits of a bf16 that is not negative are ordered as it is; from 16 on, a zero value's weight rounds to 0 with any mantissa.
    const int32_t e = largest_lane(value_most) >> 7, most = largest_lane(key_most) >> 7, least = 0xffff - largest_lane(vmvnq_u16(key_least));
    return {largest_lane(largest), e, e >= 16 && e <= 240 && least >= 0x80 && shift_of(most, scale) <= 0};
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
    const int16x8_t down = vnegq_s16(vreinterpretq_s16_u16(vminq_u16(parts.val[1], vdupq_n_u16(31))));
    uint16x8_t p = vsubq_u16(vdupq_n_u16(15149), multiply_high8(vdupq_n_u16(2596), f));
    p = vsubq_u16(vdupq_n_u16(45324), multiply_high8(p, f));
    p = multiply_high8(p, f);
    const uint32x4_t one = vdupq_n_u32(65536);
    return {vshlq_u32(vsubw_u16(one, vget_low_u16(p)), vmovl_s16(vget_low_s16(down))),
            vshlq_u32(vsubw_u16(one, vget_high_u16(p)), vmovl_s16(vget_high_s16(down)))};
}

// weight_of eight lanes; a shift by 31 leaves nothing, as all from 26 on.
[[gnu::always_inline]] inline int16x8_t weights8(const EightUnsigned& p, uint16x8_t value_scales, int32_t largest_exponent) {
    const uint16x8_t m = mantissas(value_scales);
    const int16x8_t up = vmaxq_s16(vsubq_s16(exponents(value_scales), vdupq_n_s16(int16_t(9 + largest_exponent))), vdupq_n_s16(-31));
    const uint32x4_t low = vrshlq_u32(vmulq_u32(p.low, vmovl_u16(vget_low_u16(m))), vmovl_s16(vget_low_s16(up)));
    const uint32x4_t high = vrshlq_u32(vmulq_u32(p.high, vmovl_u16(vget_high_u16(m))), vmovl_s16(vget_high_s16(up)));
    return vuzpq_s16(vreinterpretq_s16_u32(low), vreinterpretq_s16_u32(high)).val[0];
}

// Turns scores into weights in place, as int16 from the front: a weight's place never lies behind its score's. The last eight are
// read before, so that they may be done twice; their probabilities count once. Returns the sum of all probabilities.
[[gnu::always_inline]] inline uint32_t scores_to_weights(const Attention& a, const Extremes& x, const int32_t* score, int16_t* weight) {
    const int32x4_t largest = vdupq_n_s32(x.score);
    const uint16_t* value_scales = a.value_scales;
    const uint32_t positions = a.positions;
    const Eight last = load_scores(score + (positions - lanes));
    uint32x4_t total = vdupq_n_u32(0);
    uint32_t left = positions;
    for (; left >= lanes; left -= lanes, score += lanes, weight += lanes, value_scales += lanes) {
        const Eight s = load_scores(score);
        const EightUnsigned p = exp2_negative8({vsubq_s32(largest, s.low), vsubq_s32(largest, s.high)});
        total = vaddq_u32(total, vaddq_u32(p.low, p.high));
        store(weight, weights8(p, load8(value_scales), x.value_exponent));
    }
    if (left) {
        static const uint32_t order[lanes] = {0, 1, 2, 3, 4, 5, 6, 7};
        const uint32_t back = lanes - left;
        const EightUnsigned p = exp2_negative8({vsubq_s32(largest, last.low), vsubq_s32(largest, last.high)});
        total = vaddq_u32(total, vandq_u32(p.low, vcgeq_u32(vld1q_u32(order), vdupq_n_u32(back))));
        total = vaddq_u32(total, vandq_u32(p.high, vcgeq_u32(vld1q_u32(order + 4), vdupq_n_u32(back))));
        store(weight - back, weights8(p, load8(value_scales - back), x.value_exponent));
    }
    const uint32x2_t two = vadd_u32(vget_low_u32(total), vget_high_u32(total));
    return vget_lane_u32(vpadd_u32(two, two), 0);
}

template <int lane>
[[gnu::always_inline]] inline void add_weighted(Eight& sum, int8x8_t values, int16x4_t weights) {
    const int16x8_t v = vmovl_s8(values);
    sum.low = vmlal_lane_s16(sum.low, vget_low_s16(v), weights, lane);
    sum.high = vmlal_lane_s16(sum.high, vget_high_s16(v), weights, lane);
}

// Eight elements of the sum of weighted values over [begin, end), at most sum_block positions.
[[gnu::always_inline]] inline Eight weighted_sum8(const int8_t* values, size_t head_dim, const int16_t* weight, uint32_t begin, uint32_t end) {
    Eight sum{vdupq_n_s32(0), vdupq_n_s32(0)};
    const int8_t* v = values + size_t(begin) * head_dim;
    uint32_t t = begin;
    if (head_dim == 8)
        for (; t + lanes <= end; t += lanes) {  // two positions a register
            const Unit u = next_unit(v);
            const int16x8_t w = load8(weight + t);
            add_weighted<0>(sum, vget_low_s8(u.chunk[0]), vget_low_s16(w));
            add_weighted<1>(sum, vget_high_s8(u.chunk[0]), vget_low_s16(w));
            add_weighted<2>(sum, vget_low_s8(u.chunk[1]), vget_low_s16(w));
            add_weighted<3>(sum, vget_high_s8(u.chunk[1]), vget_low_s16(w));
            add_weighted<0>(sum, vget_low_s8(u.chunk[2]), vget_high_s16(w));
            add_weighted<1>(sum, vget_high_s8(u.chunk[2]), vget_high_s16(w));
            add_weighted<2>(sum, vget_low_s8(u.chunk[3]), vget_high_s16(w));
            add_weighted<3>(sum, vget_high_s8(u.chunk[3]), vget_high_s16(w));
        }
    for (; t + lanes <= end; t += lanes) {
        const int16x8_t w = load8(weight + t);
        add_weighted<0>(sum, load8(v), vget_low_s16(w)), v += head_dim;
        add_weighted<1>(sum, load8(v), vget_low_s16(w)), v += head_dim;
        add_weighted<2>(sum, load8(v), vget_low_s16(w)), v += head_dim;
        add_weighted<3>(sum, load8(v), vget_low_s16(w)), v += head_dim;
        add_weighted<0>(sum, load8(v), vget_high_s16(w)), v += head_dim;
        add_weighted<1>(sum, load8(v), vget_high_s16(w)), v += head_dim;
        add_weighted<2>(sum, load8(v), vget_high_s16(w)), v += head_dim;
        add_weighted<3>(sum, load8(v), vget_high_s16(w)), v += head_dim;
    }
    for (; t < end; t++, v += head_dim) add_weighted<0>(sum, load8(v), vdup_n_s16(weight[t]));
    return sum;
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

void sum_values(const Attention& a, const int16_t* weight, float unit, float* out) {
    const int8_t* values = reinterpret_cast<const int8_t*>(a.values);
    for (uint32_t i = 0; i < a.head_dim; i += lanes) {
        if (a.positions <= sum_block) {
            store_scaled(weighted_sum8(values + i, a.head_dim, weight, 0, a.positions), unit, out + i);
            continue;
        }
        int64_t sums[lanes] = {};
        for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
            const uint32_t end = a.positions - begin < sum_block ? a.positions : begin + sum_block;
            const Eight sum = weighted_sum8(values + i, a.head_dim, weight, begin, end);
            int32_t part[lanes];
            store(part, sum.low), store(part + 4, sum.high);
            for (uint32_t j = 0; j < lanes; j++) sums[j] += part[j];
        }
        for (uint32_t j = 0; j < lanes; j++) out[i + j] = float(sums[j]) * unit;
    }
}

template <FourDots dots>
[[gnu::always_inline]] inline void attend_q8(const Attention& a, const float* q, float* out) {
    if (a.head_dim % 8 || a.positions < lanes) return ref_attend_q8(a, q, out);
    alignas(16) int8_t query[max_head_dim];
    float query_scale;
    neon_quantize_row(q, a.head_dim, QuantizedTile{query, &query_scale, nullptr, a.head_dim}, 0);
    const ScoreScale scale = score_scale(query_scale, a.scale);
    if (!scale.finite) return ref_attend_q8(a, q, out);

    int32_t* score = reinterpret_cast<int32_t*>(a.scratch);
    int16_t* weight = reinterpret_cast<int16_t*>(a.scratch);
    const Extremes x = fill_scores<dots>(a, query, scale, score);
    if (!x.usual) return ref_attend_q8(a, q, out);
    const uint32_t total = scores_to_weights(a, x, score, weight);
    sum_values(a, weight, output_scale(x.value_exponent, total), out);
}

}  // namespace
}  // namespace mote
