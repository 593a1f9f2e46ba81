// arithmetic: the scalar functions that all kernels share. Only + - * /, comparisons and integers, so that every target
// computes the same bits; no libm. Compiled without contraction and without the vectorizer (DESIGN.md, Arithmetic).
// What is short is static, not inline: the linker must not take a copy that was compiled for AVX-512 and give it to all.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__FAST_MATH__)
#error "mote needs IEEE arithmetic: compile without -ffast-math"
#endif

namespace mote {

static inline uint32_t bits_of(float x) {
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_of(uint32_t bits) {
    float x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}

constexpr uint32_t nan_bits = 0x7fc00000;
constexpr uint32_t infinity_bits = 0x7f800000;

/// The magnitude of x as an ordered integer: monotone in |x|, and >= infinity_bits exactly for infinities and NaN.
static inline uint32_t magnitude(float x) { return bits_of(x) & 0x7fffffffu; }

/// x as an integer that orders as floats do, -0 as 0. x is finite.
static inline int32_t order_of(float x) { return bits_of(x) >> 31 ? -int32_t(magnitude(x)) : int32_t(magnitude(x)); }

/// Below 2^-90 a vector quantizes to zero: its reciprocal and its products stay far from denormals.
constexpr uint32_t smallest_magnitude = 0x12800000;

static inline float bf16_to_f32(uint16_t b) { return float_of(uint32_t(b) << 16); }

/// The smallest bf16 that is not below x. x is finite, >= 0.
static inline uint16_t bf16_above(float x) { return uint16_t((bits_of(x) + 0xffffu) >> 16); }

/// Exact.
static inline float f16_to_f32(uint16_t h) {
    const uint32_t sign = uint32_t(h & 0x8000u) << 16;
    const uint32_t body = uint32_t(h & 0x7fffu) << 13;
    if (body >= 0x0f800000u) return float_of(sign | 0x70000000u | body);  // infinity, NaN: the exponent becomes 255
    if (body >= 0x00800000u) return float_of(sign | (body + 0x38000000u));  // normal: rebias 15 -> 127
    // Denormal: body >> 13 units of 2^-24. The product is exact and normal (or zero).
    const float m = float(int32_t(body >> 13)) * 5.9604644775390625e-8f;
    return float_of(sign | bits_of(m));
}

/// Rounds to nearest even; beyond 65504 becomes infinity.
static inline uint16_t f32_to_f16(float x) {
    const uint32_t sign = (bits_of(x) >> 16) & 0x8000u;
    const uint32_t m = magnitude(x);
    if (m > infinity_bits) return uint16_t(sign | 0x7e00u);
    if (m >= 0x47800000u) return uint16_t(sign | 0x7c00u);  // >= 65536
    if (m >= 0x38800000u) {                                  // normal in f16
        const uint32_t rounded = m - 0x38000000u + 0x0fffu + ((m >> 13) & 1u);
        return uint16_t(sign | (rounded >> 13));             // may carry into infinity, as it should
    }
    if (m < 0x33000000u) return uint16_t(sign);              // below 2^-25
    const uint32_t shift = 126u - (m >> 23);                 // 14 .. 24
    const uint32_t mantissa = (m & 0x7fffffu) | 0x800000u;
    const uint32_t half = 1u << (shift - 1), low = mantissa & ((1u << shift) - 1u);
    uint32_t h = mantissa >> shift;
    if (low > half || (low == half && (h & 1u))) h++;
    return uint16_t(sign | h);
}

/// Correctly rounded square root of x >= 0, in integers (0 for negative x; NaN and infinity stay).
float square_root_integer(float x);

/// The same, by the instruction where there is one.
static inline float square_root(float x) {
#if defined(__SSE2__) || defined(__aarch64__) || (defined(__ARM_FP) && (__ARM_FP & 4))
    return x < 0 ? 0 : __builtin_sqrtf(x);
#else
    return square_root_integer(x);
#endif
}

/// The upper 32 bits of a 64-bit product.
static inline uint32_t multiply_high(uint32_t a, uint32_t b) {
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
    const uint32_t ah = a >> 16, al = a & 0xffffu, bh = b >> 16, bl = b & 0xffffu;  // Armv6-M multiplies 32 bits to 32
    const uint32_t middle = ah * bl + ((al * bl) >> 16), other = al * bh + (middle & 0xffffu);
    return ah * bh + (middle >> 16) + (other >> 16);
#else
    return uint32_t((uint64_t(a) * b) >> 32);
#endif
}

/// 2^f as a multiple of 2^-31, in [2^31, 2^32); f is a multiple of 2^-32 of one. Relative error below 1e-7.
/// Minimax on [0, 1): 2^f = 1 + f (c0 + f (c1 + ...)), coefficients times 2^32, relative error 8.3e-8.
static inline uint32_t exp2_fraction(uint32_t f) {
    uint32_t p = 0x007a5d3f;
    p = 0x024ef0aa + multiply_high(p, f);
    p = 0x0e48e732 + multiply_high(p, f);
    p = 0x3d7b6adb + multiply_high(p, f);
    p = 0xb1725d47 + multiply_high(p, f);
    // c0 + ... reaches 1 - 8e-8 < 1 at f = 1, so p f stays below 2^32 and the result below 2^32.
    return 0x80000000u + (multiply_high(p, f) >> 1);
}

/// e^x; 0 below -87 (no denormal arises), infinity from 88.72 on, NaN stays. Relative error below 5e-7.
float exponential(float x);

/// 1 / (1 + e^-x)
float sigmoid(float x);

/// x * sigmoid(x), GELU in its tanh and erf forms, max(x, 0).
float silu(float x);
float gelu_tanh(float x);
float gelu_erf(float x);

/// Cosine and sine of a phase that is a multiple of 2^-32 turns. Absolute error below 1e-7.
struct CosSin {
    float cosine, sine;
};
CosSin cos_sin(uint32_t phase);

/// Sum in the order that every reduction uses: four stripes by index % 4, then (s0 + s2) + (s1 + s3).
struct Stripes {
    float s[4] = {0, 0, 0, 0};
    [[gnu::always_inline]] void add(uint32_t i, float x) { s[i & 3u] += x; }
    [[gnu::always_inline]] float sum() const { return (s[0] + s[2]) + (s[1] + s[3]); }
};

}  // namespace mote
