// soft: floats on cores without an FPU, for the operands that occur. Each step rounds to nearest even as IEEE has it, so the bits are
// those of the compiler's float operations, to which everything unusual is left.
#pragma once

#include "../arithmetic.h"

namespace mote {
namespace {

struct Wide {
    uint32_t high, low;
};

[[gnu::always_inline]] inline Wide multiply_wide(uint32_t a, uint32_t b) {
#if __ARM_ARCH_ISA_THUMB == 1
    const uint32_t ah = a >> 16, al = a & 0xffffu, bh = b >> 16, bl = b & 0xffffu;
    const uint32_t low = al * bl, middle = ah * bl + (low >> 16), other = al * bh + (middle & 0xffffu);
    return {ah * bh + (middle >> 16) + (other >> 16), other << 16 | (low & 0xffffu)};
#else
    const uint64_t product = uint64_t(a) * b;
    return {uint32_t(product >> 32), uint32_t(product)};
#endif
}

[[gnu::always_inline]] inline uint32_t exponent_bits(uint32_t bits) { return bits >> 23 & 0xffu; }

/// The mantissa of a normal float with its first one in bit 31.
[[gnu::always_inline]] inline uint32_t mantissa_at_top(uint32_t bits) { return bits << 8 | 0x80000000u; }

/// `base` + (high >> 8) rounded to nearest even, of a mantissa high:low with its first one in bit 63; base is (exponent - 1) << 23.
[[gnu::always_inline]] inline uint32_t round_mantissa(uint32_t high, uint32_t low, uint32_t base) {
    uint32_t y = high;
    asm(".syntax unified\n lsrs %0, %0, #8\n adcs %0, %1" : "+&l"(y) : "l"(base) : "cc");  // the carry is the first bit shifted out
    if ((high & 0x1ffu) == 0x80u && low == 0) y--;  // a tie, and even before
    return y;
}

/// The bits of mantissa a * mantissa b, each at the top; `exponent` is the product's, less one, where its first one is bit 63.
[[gnu::always_inline]] inline uint32_t multiply_mantissas(uint32_t a, uint32_t b, uint32_t exponent) {
    Wide p = multiply_wide(a, b);
    if (!(p.high >> 31)) p = {p.high << 1 | p.low >> 31, p.low << 1}, exponent--;
    return round_mantissa(p.high, p.low, exponent << 23);
}

/// a * b
[[gnu::always_inline]] inline float soft_multiply(float a, float b) {
#if __ARM_ARCH_ISA_THUMB == 1
    return a * b;  // float_armv6m.cpp
#else
    const uint32_t ua = bits_of(a), ub = bits_of(b), ea = exponent_bits(ua), eb = exponent_bits(ub);
    if (((ea - 64) | (eb - 64)) >> 7) return a * b;  // the sum of exponents between is normal
    return float_of(((ua ^ ub) & 0x80000000u) | multiply_mantissas(mantissa_at_top(ua), mantissa_at_top(ub), ea + eb - 127));
#endif
}

}  // namespace
}  // namespace mote
