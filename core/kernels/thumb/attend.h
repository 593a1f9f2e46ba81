// attend: one query against one head's q8 cache on Cortex-M without vectors, for each row that brings its own dots and sums of values.
// The steps are those of softmax.h for the scales that occur; a call that meets others goes to ref from its beginning.
#pragma once

#include "../ref/ref.h"
#include "../softmax.h"
#include "shift.h"

namespace mote {
namespace {

/// exp2_negative for d < 2^31: p <= 2^16, so a shift by 17 and more is zero, and the whole part may stop at 255 or before.
[[gnu::always_inline]] inline uint32_t exp2_of(uint32_t d) {
#if defined(__ARM_FEATURE_SAT)
    uint32_t whole;
    asm("usat %0, #5, %1, asr #16" : "=r"(whole) : "r"(d));
#else
    uint32_t whole = d >> 16;
    if (whole > 31) whole = 31;
#endif
    const uint32_t f = d & 0xffffu;
    uint32_t p = 15149 - ((2596 * f) >> 16);
    p = 45324 - ((p * f) >> 16);
    return shift_right(65536 - ((p * f) >> 16), whole);
}

/// (a * b) >> 16 for b in [0, 2^15).
[[gnu::always_inline]] inline int32_t multiply_shifted(int32_t a, int32_t b) {
#if __ARM_ARCH_ISA_THUMB >= 2
    return int32_t((int64_t(a) * (b * 65536)) >> 32);
#else
    return (a >> 16) * b + int32_t((uint32_t(a) & 0xffffu) * uint32_t(b) >> 16);
#endif
}

struct Largest {
    int32_t score;
    uint32_t value_scale;  // the bits of a bf16; those that are not negative are ordered as their bits
    bool usual;
};

/// Dots become scores where they stand. Not `usual`: a key's scale is zero, not finite, or asks for a shift to the left.
[[gnu::noinline, gnu::unused]] Largest scores_of(const Attention& a, const ScoreScale& scale, int32_t* score) {
    const int32_t factor = scale.mantissa;
    const uint32_t base = uint32_t(134 - 16 - 16 - scale.exponent);
    int32_t largest = -0x7fffffff;
    uint32_t largest_value = 0, unusual = 0;  // negative where one is met
    const uint16_t *key_scale = a.key_scales, *value_scale = a.value_scales, *const end = key_scale + a.positions;
    do {
        const uint32_t bits = *key_scale++, value = *value_scale++;
        const uint32_t shift = base - (bits >> 7);  // at most 243
        unusual |= shift | (bits - 0x80u);
        const int32_t s = shift_right(multiply_shifted(*score * int32_t((bits & 0x7fu) | 0x80u), factor), shift);
        *score++ = s;
        if (s > largest) largest = s;
        if (value > largest_value) largest_value = value;
    } while (key_scale < end);
    return {largest, largest_value, int32_t(unusual) >= 0};
}

/// Scores become weights, int16, from the front of the same memory; returns the sum of all p. 16 <= largest_exponent <= 240, so the
/// shift of weight_of is at most 249, and it is above 24 where the scale is zero: p * mantissa < 2^24 then rounds to 0 by itself.
[[gnu::noinline, gnu::unused]] uint32_t weights_of(const Attention& a, int32_t largest_score, uint32_t largest_exponent, const int32_t* score, int16_t* weight) {
    uint32_t total = 0;
    const uint32_t base = 9 + largest_exponent;
    const uint16_t *value_scale = a.value_scales, *const end = value_scale + a.positions;
    do {
        const uint32_t p = exp2_of(uint32_t(largest_score) - uint32_t(*score++)), bits = *value_scale++;
        total += p;
        *weight++ = int16_t(shift_right_rounded(p * ((bits & 0x7fu) | 0x80u), base - (bits >> 7)));
    } while (value_scale < end);
    return total;
}

/// What a row brings.
struct AttendSteps {
    uint32_t align;  // of keys and values, a power of two

    void (*quantize_row)(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token);

    /// dots[t] = dot of q and the key at k + t * head_dim, for t in [0, n).
    void (*dots)(const int8_t* k, const int8_t* q, uint32_t head_dim, int32_t* dots, uint32_t n);

    /// scores_of and weights_of, or the same faster.
    Largest (*scores)(const Attention& a, const ScoreScale& scale, int32_t* score);
    uint32_t (*weights)(const Attention& a, int32_t largest_score, uint32_t largest_exponent, const int32_t* score, int16_t* weight);

    /// sums[j] = sum of w[t] * v[t * head_dim + j] for t in [0, n) and four j; n <= sum_block.
    void (*add_values)(const int8_t* v, const int16_t* w, uint32_t n, uint32_t head_dim, int32_t* sums);
};

[[gnu::always_inline]] inline void sum_values(const AttendSteps& step, const Attention& a, const int16_t* weight, float unit, float* out) {
    for (uint32_t i = 0; i < a.head_dim; i += 4) {
        const int8_t* v = reinterpret_cast<const int8_t*>(a.values) + i;
        int32_t sums[4];
        if (a.positions <= sum_block) {
            step.add_values(v, weight, a.positions, a.head_dim, sums);
            for (uint32_t j = 0; j < 4; j++) out[i + j] = float(sums[j]) * unit;
            continue;
        }
        int64_t total[4] = {0, 0, 0, 0};
        for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
            const uint32_t n = a.positions - begin < sum_block ? a.positions - begin : sum_block;
            step.add_values(v + size_t(begin) * a.head_dim, weight + begin, n, a.head_dim, sums);
            for (uint32_t j = 0; j < 4; j++) total[j] += sums[j];
        }
        for (uint32_t j = 0; j < 4; j++) out[i + j] = float(total[j]) * unit;
    }
}

[[gnu::always_inline]] inline void attend_q8(const AttendSteps& step, const Attention& a, const float* q, float* out) {
    const uintptr_t places = reinterpret_cast<uintptr_t>(a.keys) | reinterpret_cast<uintptr_t>(a.values);
    if (a.head_dim % 4 || (places & (step.align - 1))) return ref_attend_q8(a, q, out);
    int8_t* query = reinterpret_cast<int8_t*>(a.scratch + a.positions);
    float query_scale;
    step.quantize_row(q, a.head_dim, QuantizedTile{query, &query_scale, nullptr, a.head_dim}, 0);
    const ScoreScale scale = score_scale(query_scale, a.scale);
    if (!scale.finite) return ref_attend_q8(a, q, out);
    int32_t* score = reinterpret_cast<int32_t*>(a.scratch);
    step.dots(reinterpret_cast<const int8_t*>(a.keys), query, a.head_dim, score, a.positions);
    const Largest largest = step.scores(a, scale, score);
    const uint32_t largest_exponent = largest.value_scale >> 7;
    if (!largest.usual || largest_exponent < 16 || largest_exponent > 240) return ref_attend_q8(a, q, out);
    int16_t* weight = reinterpret_cast<int16_t*>(a.scratch);
    const uint32_t total = step.weights(a, largest.score, largest_exponent, score, weight);
    sum_values(step, a, weight, output_scale(int32_t(largest_exponent), total), out);
}

}  // namespace
}  // namespace mote
