// activation: SiLU in integers, on cores without an FPU; the rest is ref's.
#include "thumb.h"

#if defined(MOTE_HAS_THUMB)

#include "../ref/ref.h"
#include "shift.h"
#include "soft.h"

namespace mote {
namespace {

// A float m * 2^(exponent - 23), m in [2^23, 2^24].
struct Parts {
    uint32_t m;
    int32_t exponent;
};

// exponential(-x) for x with these bits, |x| < 64.
[[gnu::always_inline]] inline Parts exponential_of_minus(uint32_t bits) {
    const uint32_t fixed = shift_right(mantissa_at_top(bits) >> 2, 132 - exponent_bits(bits));  // |x| * 2^24
    Wide log2 = multiply_wide(fixed, 1549082005);  // log2 of the result, times 2^54
    if (int32_t(bits) >= 0) log2 = {~log2.high + (log2.low == 0), 0u - log2.low};
    const uint32_t mantissa = exp2_fraction(log2.high << 10 | log2.low >> 22);
    return {((mantissa >> 7) + 1) >> 1, int32_t(log2.high) >> 22};
}

// 1 + e, rounded. With bit 30 for the larger one's first, what lies below bit 0 is at most told by bit 0.
[[gnu::always_inline]] inline Parts add_one(const Parts& e) {
    uint32_t sum = e.m << 7;
    int32_t exponent = e.exponent;
    if (exponent >= 0) {
        sum += shift_right(uint32_t{1} << 30, uint32_t(exponent));
    } else {
        const uint32_t down = uint32_t(-exponent), kept = shift_right(sum, down);
        const uint32_t lost = down > 31 || kept << down != sum;
        sum = (kept | lost) + (1u << 30);
        exponent = 0;
    }
    if (sum >> 31) exponent++;
    else sum <<= 1;
    return {round_mantissa(sum, 0, 0), exponent};
}

// 2^47 / m to the nearest integer, m in [2^23, 2^24]. An estimate of 16 bits, a step of Newton's, and the remainder decides.
[[gnu::always_inline]] inline uint32_t reciprocal(uint32_t m) {
#if __ARM_ARCH_ISA_THUMB == 1
    const uint32_t d = m >> 8;                          // in [2^15, 2^16]
    uint32_t estimate = 185000 - ((61681u * d) >> 15);  // of 2^32 / d: 48/17 - 32/17 d, within 1/17
    for (uint32_t i = 0; i < 2; i++) estimate += uint32_t((int32_t(estimate >> 2) * (int32_t(0u - estimate * d) >> 14)) >> 16);
#else
    const uint32_t estimate = 0xffffffffu / (m >> 8);
#endif
    const int32_t error = int32_t(0u - estimate * m);  // 2^40 - estimate * m
    uint32_t q = (estimate << 7) + uint32_t((int32_t(estimate) * (error >> 13)) >> 20);
    int32_t twice = 2 * int32_t(0u - q * m);  // the remainder
    while (twice > int32_t(m)) q++, twice -= 2 * int32_t(m);
    while (twice < -int32_t(m)) q--, twice += 2 * int32_t(m);
    return q;
}

[[gnu::noinline]] float silu_in_integers(float x) {
    const uint32_t bits = bits_of(x), exponent = exponent_bits(bits);
    if (exponent - 64 >= 133 - 64) return silu(x);  // below 2^-63, or 64 and more
    const Parts s = add_one(exponential_of_minus(bits));
    const uint32_t r = reciprocal(s.m);  // sigmoid = r * 2^(-24 - s.exponent), r in [2^23, 2^24]
    if (r >> 24) return float_of(bits - (uint32_t(s.exponent) << 23));
    return float_of((bits & 0x80000000u) | multiply_mantissas(mantissa_at_top(bits), r << 8, exponent - uint32_t(s.exponent) - 1));
}

}  // namespace

void thumb_activate(Activation activation, float* x, uint32_t n) {
    if (activation != Activation::silu) return ref_activate(activation, x, n);
    for (uint32_t i = 0; i < n; i++) x[i] = silu_in_integers(x[i]);
}

void thumb_gate(Activation activation, float* gate, const float* up, uint32_t n) {
    thumb_activate(activation, gate, n);
    for (uint32_t i = 0; i < n; i++) gate[i] = soft_multiply(gate[i], up[i]);
}

}  // namespace mote

#endif
