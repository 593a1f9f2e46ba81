// float_armv6m: products and quotients of floats where no instruction has them, in the place of the compiler's own routines and to the
// same bits. They are weak: a program that brings its own keeps those.
#include "../arithmetic.h"

#if defined(__ARM_ARCH_6M__)

namespace mote {
namespace {

constexpr uint32_t sign_bit = 0x80000000u, first_bit = 0x800000u;

// Mantissa with its first one in bit 23, and the biased exponent, which denormals continue below 1.
struct Parts {
    uint32_t mantissa;
    int32_t exponent;
};

Parts parts_of(uint32_t magnitude) {
    Parts p{magnitude & (first_bit - 1), int32_t(magnitude >> 23)};
    if (p.exponent) return {p.mantissa | first_bit, p.exponent};
    for (p.exponent = 1; !(p.mantissa & first_bit); p.mantissa <<= 1) p.exponent--;
    return p;
}

uint32_t rounded(uint64_t x, uint32_t shift) {
    const uint64_t q = x >> shift, rest = x - (q << shift), half = uint64_t(1) << (shift - 1);
    return uint32_t(q) + (rest > half || (rest == half && (q & 1u)));
}

// A float of x, of which bit 47 is the first, and that exponent.
uint32_t float_of_48(uint32_t sign, uint64_t x, int32_t exponent) {
    if (exponent >= 255) return sign | infinity_bits;
    if (exponent >= 1) return sign | (rounded(x, 24) + (uint32_t(exponent - 1) << 23));
    return sign | (exponent < -24 ? 0 : rounded(x, uint32_t(25 - exponent)));
}

}  // namespace

// Zeros, denormals, infinities, NaN, and results that may be one of them are left to these two.
extern "C" [[gnu::used]] uint32_t mote_multiply_unusual(uint32_t a, uint32_t b) {
    const uint32_t sign = (a ^ b) & sign_bit, x = a & ~sign_bit, y = b & ~sign_bit;
    if (x > infinity_bits || y > infinity_bits) return nan_bits;
    if (x == infinity_bits || y == infinity_bits) return x && y ? sign | infinity_bits : nan_bits;
    if (!x || !y) return sign;
    const Parts p = parts_of(x), q = parts_of(y);
    uint64_t product = uint64_t(p.mantissa) * q.mantissa;
    int32_t exponent = p.exponent + q.exponent - 126;  // where the product's first one is bit 47
    if (!(product >> 47)) product <<= 1, exponent--;
    return float_of_48(sign, product, exponent);
}

extern "C" [[gnu::used]] uint32_t mote_divide_unusual(uint32_t a, uint32_t b) {
    const uint32_t sign = (a ^ b) & sign_bit, x = a & ~sign_bit, y = b & ~sign_bit;
    if (x > infinity_bits || y > infinity_bits || (x == y && (x == 0 || x == infinity_bits))) return nan_bits;
    if (x == infinity_bits || y == 0) return sign | infinity_bits;
    if (x == 0 || y == infinity_bits) return sign;
    Parts p = parts_of(x), q = parts_of(y);
    if (p.mantissa < q.mantissa) p.mantissa <<= 1, p.exponent--;
    uint32_t quotient = 0;
    for (uint32_t bit = 1u << 25; bit; bit >>= 1, p.mantissa <<= 1)
        if (p.mantissa >= q.mantissa) quotient |= bit, p.mantissa -= q.mantissa;
    const uint64_t remains = p.mantissa != 0;  // below the last bit
    return float_of_48(sign, uint64_t(quotient) << 22 | remains, p.exponent - q.exponent + 127);
}

// Exponents of r0 and r1 to r2 and r3; a jump to 9 where one is not that of a normal float.
#define MOTE_EXPONENTS   \
    "lsls r2, r0, #1\n"  \
    "lsrs r2, r2, #24\n" \
    "lsls r3, r1, #1\n"  \
    "lsrs r3, r3, #24\n" \
    "subs r4, r2, #1\n"  \
    "cmp r4, #253\n"     \
    "bhi 9f\n"           \
    "subs r4, r3, #1\n"  \
    "cmp r4, #253\n"     \
    "bhi 9f\n"

// The sign of a product or quotient of r0 and r1 to r3.
#define MOTE_SIGN        \
    "movs r3, r0\n"      \
    "eors r3, r1\n"      \
    "lsrs r3, r3, #31\n" \
    "lsls r3, r3, #31\n"

// Mantissas are 16 bits and 8: four products, of which the upper 32 bits are summed, and of the lower 16 only ties ask. r2 is the
// exponent, r3 the sign; shifting right leaves the bit to round by in the carry.
extern "C" [[gnu::naked, gnu::weak, gnu::used]] float __aeabi_fmul(float, float) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7}\n"
        MOTE_EXPONENTS
        "adds r2, r2, r3\n"
        "subs r2, #128\n"
        "cmp r2, #252\n"
        "bhi 9f\n"
        MOTE_SIGN
        "uxtb r4, r0\n"
        "uxtb r5, r1\n"
        "lsrs r0, r0, #8\n"
        "lsrs r1, r1, #8\n"
        "uxth r0, r0\n"
        "uxth r1, r1\n"
        "movs r6, #128\n"
        "lsls r6, r6, #8\n"
        "orrs r0, r6\n"
        "orrs r1, r6\n"
        "movs r7, r4\n"
        "muls r7, r5\n"  // lower by lower
        "muls r4, r1\n"
        "muls r5, r0\n"
        "adds r4, r4, r5\n"
        "muls r1, r0\n"  // upper by upper
        "lsrs r5, r7, #8\n"
        "adds r4, r4, r5\n"
        "lsrs r5, r4, #8\n"
        "adds r1, r1, r5\n"
        "bmi 2f\n"
        // The first one is bit 30.
        "lsls r2, r2, #23\n"
        "orrs r2, r3\n"
        "lsrs r0, r1, #7\n"
        "adcs r0, r2\n"
        "lsls r5, r1, #26\n"
        "beq 3f\n"
        "1:\n"
        "pop {r4, r5, r6, r7}\n"
        "bx lr\n"
        // The first one is bit 31.
        "2:\n"
        "adds r2, #1\n"
        "lsls r2, r2, #23\n"
        "orrs r2, r3\n"
        "lsrs r0, r1, #8\n"
        "adcs r0, r2\n"
        "lsls r5, r1, #25\n"
        "bne 1b\n"
        "lsls r5, r1, #24\n"
        "b 4f\n"
        "3:\n"
        "lsls r5, r1, #25\n"
        // Nothing behind the bit to round by, which is r5's sign, in the upper 32 bits: a tie is rounded up, and is to be even.
        "4:\n"
        "bpl 1b\n"
        "orrs r4, r7\n"
        "uxtb r4, r4\n"
        "cmp r4, #0\n"
        "bne 1b\n"
        "movs r5, #1\n"
        "bics r0, r5\n"
        "b 1b\n"
        "9:\n"
        "pop {r4, r5, r6, r7}\n"
        "push {r4, lr}\n"
        "bl mote_multiply_unusual\n"
        "pop {r4, pc}\n");
}

// A bit of the quotient each turn: the carry of a comparison or of the subtraction behind it. No quotient of normal floats is a tie. r2 is
// the exponent, r3 the sign.
extern "C" [[gnu::naked, gnu::weak, gnu::used]] float __aeabi_fdiv(float, float) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5}\n"
        MOTE_EXPONENTS
        "subs r2, r2, r3\n"
        "adds r2, #125\n"  // less one, and one more less where the quotient is below 1
        "subs r4, r2, #1\n"
        "cmp r4, #251\n"
        "bhi 9f\n"
        MOTE_SIGN
        "movs r4, #1\n"
        "lsls r4, r4, #23\n"
        "lsls r0, r0, #9\n"
        "lsrs r0, r0, #9\n"
        "orrs r0, r4\n"
        "lsls r1, r1, #9\n"
        "lsrs r1, r1, #9\n"
        "orrs r1, r4\n"
        "adds r2, #1\n"
        "cmp r0, r1\n"
        "bhs 1f\n"
        "lsls r0, r0, #1\n"
        "subs r2, #1\n"
        "1:\n"
        "subs r0, r0, r1\n"
        "movs r5, #1\n"
        "movs r4, #3\n"
        "2:\n"
        ".rept 8\n"
        "lsls r0, r0, #1\n"
        "cmp r0, r1\n"
        "blo 3f\n"
        "subs r0, r0, r1\n"
        "3:\n"
        "adcs r5, r5\n"
        ".endr\n"
        "subs r4, #1\n"
        "bne 2b\n"
        "lsls r2, r2, #23\n"
        "orrs r2, r3\n"
        "lsrs r0, r5, #1\n"
        "adcs r0, r2\n"
        "pop {r4, r5}\n"
        "bx lr\n"
        "9:\n"
        "pop {r4, r5}\n"
        "push {r4, lr}\n"
        "bl mote_divide_unusual\n"
        "pop {r4, pc}\n");
}

}  // namespace mote

#endif
