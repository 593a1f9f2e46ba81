// softmax: the integer softmax of attention over the q8 cache, step by step (DESIGN.md, Arithmetic 2). Every row of the kernel
// table follows these definitions; ref calls them.
#pragma once

#include "arithmetic.h"

namespace mote {

/// A bf16 as mantissa * 2^(exponent - 134); zero has mantissa 0.
static inline uint32_t bf16_mantissa(uint16_t b) { return (b & 0x7f80u) ? (b & 0x7fu) | 0x80u : 0; }
static inline int32_t bf16_exponent(uint16_t b) { return (b >> 7) & 0xff; }

/// 2^(-d / 2^16) as a multiple of 2^-16, in [0, 65536]; relative error 9e-5. Minimax cubic, coefficients times 2^16.
static inline uint32_t exp2_negative(uint32_t d) {
    const uint32_t whole = d >> 16, f = d & 0xffffu;
    if (whole > 16) return 0;
    uint32_t p = 15149 - ((2596 * f) >> 16);
    p = 45324 - ((p * f) >> 16);
    return (65536 - ((p * f) >> 16)) >> whole;
}

/// What turns a dot into log2 of a probability: query scale * softmax scale * log2(e), as a mantissa of 15 bits and an exponent.
struct ScoreScale {
    int32_t mantissa;
    int32_t exponent;
    bool finite;
};

static inline ScoreScale score_scale(float query_scale, float attention_scale) {
    const uint32_t factor = bits_of(query_scale * attention_scale * 1.44269504f);
    return {factor ? int32_t(((factor & 0x7fffffu) | 0x800000u) >> 9) : 0, int32_t(factor >> 23) - 127 - 14, factor < infinity_bits};
}

/// A key's score in multiples of 2^-16.
///   |dot| <= 127^2 head_dim < 2^23 (head_dim <= 512) and the key's mantissa < 2^8, so their product fits 31 bits; with the
///   scale's 15 bits it has 46, of which the upper 30 stay.
static inline int32_t score_of(int32_t dot, uint16_t key_scale, const ScoreScale& scale) {
    const int32_t product = int32_t((int64_t(dot * int32_t(bf16_mantissa(key_scale))) * scale.mantissa) >> 16);
    const int32_t shift = -(scale.exponent + bf16_exponent(key_scale) - 134 + 16 + 16);
    if (shift >= 0 || product == 0) return product >> (shift < 0 ? 0 : shift > 31 ? 31 : shift);
    const int32_t bound = -shift > 30 ? 0 : int32_t(1 << 30) >> -shift;  // beyond: one token takes all in any case
    if (product > bound) return 1 << 30;
    if (product < -bound) return -(1 << 30);
    return product * (1 << -shift);
}

/// A token's weight in the sum of values: its probability p (up to 2^16) times the mantissa of its value's scale (up to 255), aligned
/// to the largest exponent of all values' scales and rounded; at most 32640.
static inline int32_t weight_of(uint32_t p, uint16_t value_scale, int32_t largest_exponent) {
    const int32_t shift = 9 + largest_exponent - bf16_exponent(value_scale);
    return shift > 25 ? 0 : int32_t((p * bf16_mantissa(value_scale) + (1u << (shift - 1))) >> shift);
}

constexpr uint32_t sum_block = 512;  // 512 * 32640 * 127 < 2^31: so many products of weights and values fit int32

/// out = sum(weight * value) * output_scale: 2^(largest_exponent - 134 + 9) / total, total being the sum of all p.
static inline float output_scale(int32_t largest_exponent, uint32_t total) {
    const int32_t unit = largest_exponent - 125 + 127;
    return float_of(uint32_t(unit < 1 ? 1 : unit > 254 ? 254 : unit) << 23) / float(total);
}

}  // namespace mote
