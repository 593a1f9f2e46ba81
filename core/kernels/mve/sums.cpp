// sums: integers to floats. Helium's floats flush denormals, so they are used where scales are so large that none can arise.
#include "sums.h"

#include "mve.h"

#if defined(MOTE_HAS_MVE)

namespace mote {

#if defined(__ARM_FP) && (__ARM_FEATURE_MVE & 2)

// for (; blocks > 0; blocks--)
//     for (int r = 0; r < 4; r++, sums++, row_scales++)
//         *sums = bits_of((float(int32_t(*sums)) * bf16_to_f32(*row_scales)) * float_of(x_scale));
//
// s0-s3 (q0) row scales, s4-s7 (q1) rows, s8 the vector's scale. Loads need no more than the alignment of their elements.
// A sum is 0, or 1 and more; times a row's scale of 2^-60 and more, times a vector's, it is 2^-120 and more. Then all is in vectors.
[[gnu::naked, gnu::noinline]] void mve_scale_sums(uint32_t* /*sums*/, const uint16_t* /*row_scales*/, uint32_t /*blocks*/,
                                                  uint32_t /*x_scale*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, lr}\n"
        "vmov.i16 q3, #0x7f00\n"
        "lsl r12, r2, #2\n"
        "mov r4, r1\n"
        "dlstp.16 lr, r12\n"
        "0:\n"
        "vldrh.u16 q2, [r4], #16\n"
        "vmin.u16 q3, q3, q2\n"
        "letp lr, 0b\n"
        "movw r4, #0x7f00\n"
        "vminv.u16 r4, q3\n"
        "cmp r4, #0x2180\n"
        "blo 2f\n"
        "lsr r4, r3, #16\n"
        "cmp r4, #0x2180\n"
        "blo 2f\n"
        "dls lr, r2\n"
        "3:\n"
        "vldrh.u32 q0, [r1], #8\n"
        "vldrw.u32 q1, [r0]\n"
        "vshl.i32 q0, q0, #16\n"
        "vcvt.f32.s32 q1, q1\n"
        "vmul.f32 q1, q1, q0\n"
        "vmul.f32 q1, q1, r3\n"
        "vstrw.32 q1, [r0], #16\n"
        "le lr, 3b\n"
        "pop {r4, pc}\n"
        "2:\n"
        "vmov s8, r3\n"
        "dls lr, r2\n"
        "1:\n"
        "vldrh.u32 q0, [r1], #8\n"
        "vldrw.u32 q1, [r0]\n"
        "vshl.i32 q0, q0, #16\n"
        "vcvt.f32.s32 s4, s4\n"
        "vcvt.f32.s32 s5, s5\n"
        "vcvt.f32.s32 s6, s6\n"
        "vcvt.f32.s32 s7, s7\n"
        "vmul.f32 s4, s4, s0\n"
        "vmul.f32 s5, s5, s1\n"
        "vmul.f32 s6, s6, s2\n"
        "vmul.f32 s7, s7, s3\n"
        "vmul.f32 s4, s4, s8\n"
        "vmul.f32 s5, s5, s8\n"
        "vmul.f32 s6, s6, s8\n"
        "vmul.f32 s7, s7, s8\n"
        "vstrw.32 q1, [r0], #16\n"
        "le lr, 1b\n"
        "pop {r4, pc}\n");
}

#else

void mve_scale_sums(uint32_t* sums, const uint16_t* row_scales, uint32_t blocks, uint32_t x_scale) {
    for (uint32_t r = 0; r < 4 * blocks; r++)
        sums[r] = bits_of((float(int32_t(sums[r])) * bf16_to_f32(row_scales[r])) * float_of(x_scale));
}

#endif

}  // namespace mote

#endif
