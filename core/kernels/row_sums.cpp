// row_sums: integers to floats, with an FPU or without.
#include "row_sums.h"

#if defined(__ARM_FP) && (__ARM_FP & 4)

namespace mote {

static float scaled(uint32_t sum, uint16_t row_scale, float x_scale) { return (float(int32_t(sum)) * bf16_to_f32(row_scale)) * x_scale; }

// The loop of scale_sums for four rows a turn until sums_end (four and more); row_scales at a word. s0-s3 sums, s4-s7 scales, s8 x_scale.
[[gnu::naked, gnu::noinline]] static void scale_fours(uint32_t* /*sums*/, const uint16_t* /*row_scales*/, const uint32_t* /*sums_end*/,
                                                      uint32_t /*x_scale*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, lr}\n"
        "vmov s8, r3\n"
        "1:\n"
        "vldm r0, {s0-s3}\n"
        "ldrd r3, r12, [r1], #8\n"
        "vcvt.f32.s32 s0, s0\n"
        "lsl r4, r3, #16\n"
        "vcvt.f32.s32 s1, s1\n"
        "bfc r3, #0, #16\n"
        "vcvt.f32.s32 s2, s2\n"
        "lsl lr, r12, #16\n"
        "vcvt.f32.s32 s3, s3\n"
        "bfc r12, #0, #16\n"
        "vmov s4, s5, r4, r3\n"
        "vmov s6, s7, lr, r12\n"
        "vmul.f32 s0, s0, s4\n"
        "vmul.f32 s1, s1, s5\n"
        "vmul.f32 s2, s2, s6\n"
        "vmul.f32 s3, s3, s7\n"
        "vmul.f32 s0, s0, s8\n"
        "vmul.f32 s1, s1, s8\n"
        "vmul.f32 s2, s2, s8\n"
        "vmul.f32 s3, s3, s8\n"
        "vstm r0!, {s0-s3}\n"
        "cmp r0, r2\n"
        "blo 1b\n"
        "pop {r4, pc}\n");
}

void scale_sums(uint32_t* sums, const uint16_t* row_scales, uint32_t rows, float x_scale) {
    const uint32_t fours = reinterpret_cast<uintptr_t>(row_scales) % 4 ? 0 : rows & ~3u;
    if (fours) scale_fours(sums, row_scales, sums + fours, bits_of(x_scale));
    for (uint32_t r = fours; r < rows; r++) sums[r] = bits_of(scaled(sums[r], row_scales[r], x_scale));
}

}  // namespace mote

#else

#include "thumb/registers.h"
#include "thumb/soft.h"

namespace mote {

static float scaled_unusual(uint32_t sum, uint16_t row_scale, float x_scale) {
    return (float(int32_t(sum)) * bf16_to_f32(row_scale)) * x_scale;
}

// sums[r] = sums[r] * row_scales[r] * x until sums_end or what is unusual, whose place it returns; x is 2^-31 to 2^33. Row scales of
// 2^-95 to 2^33 keep each step within the normal floats. A sum of 24 bits is a float, and times the 8 of a row's scale it has 32;
// what is rounded to 24 is float(sum) * row scale.
#if __ARM_ARCH_ISA_THUMB >= 2

[[gnu::always_inline]] static inline uint32_t* scale_usual(uint32_t* sums, const uint16_t* row_scales, const uint32_t* sums_end, uint32_t x) {
    const uint32_t x_mantissa = mantissa_at_top(x), base = (x >> 23) - 127 + 24;
    for (; sums < sums_end; sums++) {
        const uint32_t sum = *sums, row = *row_scales++, m = int32_t(sum) < 0 ? 0u - sum : sum;
        if (row - 0x1000u >= 0x4000u || m - 1 >= 1u << 24) return sums;
        uint32_t p = m * ((row & 0x7fu) | 0x80u);
        const uint32_t zeros = uint32_t(__builtin_clz(p));
        p <<= zeros;
        uint32_t exponent = base + (row >> 7) - zeros;
        const uint32_t rounded = p + 0x7fu + (p >> 8 & 1u);
        if (rounded < p) p = 0x80000000u, exponent++;  // the carry
        else p = rounded & ~0xffu;
        *sums = (sum & 0x80000000u) | multiply_mantissas(p, x_mantissa, exponent);
    }
    return sums;
}

#else

// r8 and r9 are upper and lower bits of x's mantissa, r10 its exponent, r11 sums_end; r2 becomes the exponent, r4 the sign. The second
// product is that of thumb/float_armv6m.cpp.
[[gnu::naked, gnu::noinline]] static uint32_t* scale_usual(uint32_t* /*sums*/, const uint16_t* /*row_scales*/, const uint32_t* /*sums_end*/,
                                                           uint32_t /*x*/) {
    asm volatile(
        ".syntax unified\n"
        MOTE_PUSH_ALL
        "mov r11, r2\n"
        "uxtb r4, r3\n"
        "mov r9, r4\n"
        "lsls r4, r3, #8\n"
        "lsrs r4, r4, #16\n"
        "movs r5, #128\n"
        "lsls r5, r5, #8\n"
        "orrs r4, r5\n"
        "mov r8, r4\n"
        "lsrs r3, r3, #23\n"
        "subs r3, #103\n"
        "mov r10, r3\n"
        "1:\n"
        "ldrh r2, [r1]\n"
        "ldr r3, [r0]\n"
        "asrs r4, r3, #31\n"
        "eors r3, r4\n"
        "subs r3, r3, r4\n"
        "subs r5, r3, #1\n"
        "lsrs r5, r5, #24\n"
        "bne 9f\n"
        "lsrs r5, r2, #12\n"
        "subs r5, #1\n"
        "cmp r5, #3\n"
        "bhi 9f\n"
        "lsls r5, r2, #25\n"
        "lsrs r5, r5, #25\n"
        "adds r5, #128\n"
        "muls r3, r5, r3\n"
        "lsrs r2, r2, #7\n"
        "add r2, r10\n"
        // The product's first one to bit 31.
        "lsrs r5, r3, #16\n"
        "bne 2f\n"
        "lsls r3, r3, #16\n"
        "subs r2, #16\n"
        "2:\n"
        "lsrs r5, r3, #24\n"
        "bne 2f\n"
        "lsls r3, r3, #8\n"
        "subs r2, #8\n"
        "2:\n"
        "lsrs r5, r3, #28\n"
        "bne 2f\n"
        "lsls r3, r3, #4\n"
        "subs r2, #4\n"
        "2:\n"
        "lsrs r5, r3, #30\n"
        "bne 2f\n"
        "lsls r3, r3, #2\n"
        "subs r2, #2\n"
        "2:\n"
        "cmp r3, #0\n"
        "bmi 2f\n"
        "lsls r3, r3, #1\n"
        "subs r2, #1\n"
        "2:\n"
        // Rounded to 24 bits, or to 2^24.
        "movs r6, #0\n"
        "lsrs r5, r3, #8\n"
        "adcs r5, r6\n"
        "lsls r6, r3, #25\n"
        "beq 5f\n"
        "3:\n"
        "uxtb r6, r5\n"
        "lsrs r5, r5, #8\n"
        "mov r7, r9\n"
        "movs r3, r6\n"
        "muls r3, r7, r3\n"  // lower by lower
        "mov lr, r3\n"
        "muls r7, r5, r7\n"
        "lsrs r3, r3, #8\n"
        "adds r7, r7, r3\n"
        "mov r3, r8\n"
        "muls r6, r3, r6\n"
        "adds r7, r7, r6\n"
        "muls r5, r3, r5\n"  // upper by upper
        "lsrs r6, r7, #8\n"
        "adds r5, r5, r6\n"
        "bmi 6f\n"
        "subs r2, #1\n"
        "lsls r2, r2, #23\n"
        "lsrs r3, r5, #7\n"
        "adcs r3, r2\n"
        "lsls r6, r5, #26\n"
        "beq 7f\n"
        "4:\n"
        "lsls r4, r4, #31\n"
        "orrs r3, r4\n"
        "stmia r0!, {r3}\n"
        "adds r1, #2\n"
        "cmp r0, r11\n"
        "blo 1b\n"
        "9:\n"
        MOTE_POP_ALL
        // Ties of the first product.
        "5:\n"
        "lsls r6, r3, #24\n"
        "bpl 3b\n"
        "lsrs r5, r5, #1\n"
        "lsls r5, r5, #1\n"
        "b 3b\n"
        // The second product's first one is bit 31.
        "6:\n"
        "lsls r2, r2, #23\n"
        "lsrs r3, r5, #8\n"
        "adcs r3, r2\n"
        "lsls r6, r5, #25\n"
        "bne 4b\n"
        "lsls r6, r5, #24\n"
        "b 8f\n"
        // Ties of the second.
        "7:\n"
        "lsls r6, r5, #25\n"
        "8:\n"
        "bpl 4b\n"
        "mov r6, lr\n"
        "orrs r6, r7\n"
        "uxtb r6, r6\n"
        "cmp r6, #0\n"
        "bne 4b\n"
        "lsrs r3, r3, #1\n"
        "lsls r3, r3, #1\n"
        "b 4b\n");
}

#endif

void scale_sums(uint32_t* sums, const uint16_t* row_scales, uint32_t rows, float x_scale) {
    const uint32_t x = bits_of(x_scale);
    const bool usual = x - 0x30000000u <= 0x20000000u;
    for (uint32_t* const end = sums + rows; sums < end; sums++, row_scales++) {
        if (usual) {
            uint32_t* const from = sums;
            sums = scale_usual(sums, row_scales, end, x);
            if (sums == end) return;
            row_scales += sums - from;
        }
        *sums = bits_of(scaled_unusual(*sums, *row_scales, x_scale));
    }
}

}  // namespace mote

#endif
