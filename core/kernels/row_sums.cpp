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

#include "thumb/soft.h"

namespace mote {

static float scaled_unusual(uint32_t sum, uint16_t row_scale, float x_scale) {
    return (float(int32_t(sum)) * bf16_to_f32(row_scale)) * x_scale;
}

// Row scales of 2^-95 to 2^33 and vectors' of 2^-31 to 2^33 keep each step within the normal floats. A sum of 24 bits is a float, and times
// the 8 of a row's scale it has 32; what is rounded to 24 is float(sum) * row scale.
void scale_sums(uint32_t* sums, const uint16_t* row_scales, uint32_t rows, float x_scale) {
    const uint32_t x = bits_of(x_scale), x_mantissa = mantissa_at_top(x);
    const bool usual = x - 0x30000000u <= 0x20000000u;
    const uint32_t most = usual ? 0x4000 : 0, base = (x >> 23) - 127 + 24;
    for (const uint16_t* const end = row_scales + rows; row_scales < end; sums++) {
        const uint32_t sum = *sums, row = *row_scales++, m = int32_t(sum) < 0 ? 0u - sum : sum;
        if (m == 0 && row < 0x7f80u && usual) continue;
        if (row - 0x1000u >= most || m >> 24) {
            *sums = bits_of(scaled_unusual(sum, uint16_t(row), x_scale));
            continue;
        }
        uint32_t p = m * ((row & 0x7fu) | 0x80u);
        const uint32_t zeros = leading_zeros(p);
        p <<= zeros;
        uint32_t exponent = base + (row >> 7) - zeros;
        const uint32_t rounded = p + 0x7fu + (p >> 8 & 1u);
        if (rounded < p) p = 0x80000000u, exponent++;  // the carry
        else p = rounded & ~0xffu;
        *sums = (sum & 0x80000000u) | multiply_mantissas(p, x_mantissa, exponent);
    }
}

}  // namespace mote

#endif
