// matmul_q4: as matmul_q8, but a byte gives two dots, one for its low and one for its high nibbles. Nibbles keep their offset of
// 8; eight times the sum of the activations is taken off at the end of each group.
#include "mve.h"

#if defined(MOTE_HAS_MVE)

#include <arm_mve.h>

#include "../ref/ref.h"
#include "sums.h"

namespace mote {
namespace {

constexpr uint32_t slab_groups = 32;  // 128 bytes of stack; what has more groups adds up a slab at a time

// Adds to sums, modulo 2^32, for `blocks` (1 and more) times four rows, scale * (dot - 8 sum of x) of `groups` (1 and more) groups.
// offsets: -8 sum of x, a group. Behind a block's groups lie `skip` that are not asked for.
//
//     for (; blocks > 0; blocks--, sums += 4, w += 64 * skip, scales += 4 * skip)
//         for (uint32_t g = 0; g < groups; g++, w += 64, scales += 4)
//             for (int r = 0; r < 4; r++) {
//                 int32_t dot = offsets[g];
//                 for (int i = 0; i < 16; i++) {
//                     const uint8_t byte = w[16 * (i / 4) + 4 * r + i % 4];
//                     dot += (byte & 15) * x[32 * g + i] + (byte >> 4) * x[32 * g + 16 + i];
//                 }
//                 sums[r] += scales[r] * dot;
//             }
//
// q0-q3 rows, q4 half of x, q5 low nibbles, q6 sums, q7 mask; r2 r4 r6 r12 dots (VMLADAV writes even registers only); r5 offset,
// r7 scales, r8 blocks, r9 offsets, r10 groups, r11 start of x. Behind 100 saved bytes: offsets, scales, blocks, skip.
[[gnu::naked, gnu::noinline]] void add_groups(const uint8_t* /*w*/, const int8_t* /*x*/, uint32_t /*groups*/, uint32_t* /*sums*/,
                                              const int32_t* /*offsets*/, const int8_t* /*scales*/, uint32_t /*blocks*/,
                                              uint32_t /*skip*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "vpush {d8, d9, d10, d11, d12, d13, d14, d15}\n"
        "ldrd r7, r8, [sp, #104]\n"
        "mov r10, r2\n"
        "mov r11, r1\n"
        "vmov.i8 q7, #15\n"
        "1:\n"
        "mov r1, r11\n"
        "ldr r9, [sp, #100]\n"
        "vldrw.u32 q6, [r3]\n"
        "dls lr, r10\n"
        "2:\n"
        "vld40.32 {q0, q1, q2, q3}, [r0]\n"
        "vld41.32 {q0, q1, q2, q3}, [r0]\n"
        "vld42.32 {q0, q1, q2, q3}, [r0]\n"
        "vld43.32 {q0, q1, q2, q3}, [r0]!\n"
        "vldrb.u8 q4, [r1], #16\n"
        "vand q5, q0, q7\n"
        "vmladav.s8 r2, q5, q4\n"
        "vand q5, q1, q7\n"
        "vmladav.s8 r4, q5, q4\n"
        "vand q5, q2, q7\n"
        "vmladav.s8 r6, q5, q4\n"
        "vand q5, q3, q7\n"
        "vmladav.s8 r12, q5, q4\n"
        "vldrb.u8 q4, [r1], #16\n"
        "vshr.u8 q0, q0, #4\n"
        "vmladava.s8 r2, q0, q4\n"
        "vshr.u8 q1, q1, #4\n"
        "vmladava.s8 r4, q1, q4\n"
        "vshr.u8 q2, q2, #4\n"
        "vmladava.s8 r6, q2, q4\n"
        "vshr.u8 q3, q3, #4\n"
        "vmladava.s8 r12, q3, q4\n"
        "ldr r5, [r9], #4\n"
        "vldrb.s32 q1, [r7], #4\n"
        "vmov q0[2], q0[0], r2, r6\n"
        "vmov q0[3], q0[1], r4, r12\n"
        "vadd.i32 q0, q0, r5\n"
        "vmul.i32 q0, q0, q1\n"
        "vadd.i32 q6, q6, q0\n"
        "le lr, 2b\n"
        "vstrw.32 q6, [r3], #16\n"
        "ldr r5, [sp, #112]\n"
        "add r0, r0, r5, lsl #6\n"
        "add r7, r7, r5, lsl #2\n"
        "subs r8, r8, #1\n"
        "bne 1b\n"
        "vpop {d8, d9, d10, d11, d12, d13, d14, d15}\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

}  // namespace

void mve_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q4(w, x, count, y);
    const uint32_t groups = padded_cols(Format::q4, w.cols) / group_cols, whole = w.rows / 4;
    int32_t offsets[slab_groups];
    for (uint32_t token = 0; token < count; token++) {
        MveSums sums(y + size_t(token) * w.rows, w.rows);
        for (uint32_t b = 0; b < whole; b++) vstrwq_u32(sums.whole + 4 * b, vdupq_n_u32(0));
        for (uint32_t begin = 0; begin < groups; begin += slab_groups) {
            const uint32_t n = groups - begin < slab_groups ? groups - begin : slab_groups;
            const int8_t* v = x.values + size_t(token) * x.stride + size_t(begin) * group_cols;
            for (uint32_t g = 0; g < n; g++)
                offsets[g] = -8 * vaddvaq_s8(vaddvq_s8(vldrbq_s8(v + g * group_cols)), vldrbq_s8(v + g * group_cols + 16));
            const uint8_t* data = w.data + size_t(begin) * 64;
            const int8_t* scales = w.group_scales + size_t(begin) * 4;
            if (whole) add_groups(data, v, n, sums.whole, offsets, scales, whole, groups - n);
            const size_t left = size_t(whole) * groups;
            if (w.rows % 4) add_groups(data + left * 64, v, n, sums.left, offsets, scales + left * 4, 1, groups - n);
        }
        sums.scale(w.row_scales, x.scales[token]);
    }
}

}  // namespace mote

#endif
