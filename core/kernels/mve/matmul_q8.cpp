// matmul_q8: VLD4 hands each of four rows its 16 columns in a register of its own, and VMLADAVA adds their dot to a sum.
#include "mve.h"

#if defined(MOTE_HAS_MVE)

#include "../ref/ref.h"
#include "sums.h"

namespace mote {
namespace {

// sums = dots modulo 2^32 of `blocks` (1 and more) times four rows with x; `units` (1 and more) of 16 columns each.
//
//     for (; blocks > 0; blocks--, sums += 4) {
//         sums[0] = sums[1] = sums[2] = sums[3] = 0;
//         for (uint32_t u = 0; u < units; u++, w += 64)
//             for (int r = 0; r < 4; r++)
//                 for (int i = 0; i < 16; i++) sums[r] += w[16 * (i / 4) + 4 * r + i % 4] * x[16 * u + i];
//     }
//
// The first unit begins the sums, then come four a turn, of which the first turn leaves out some: r9 is where it begins, r5 the turns.
// q0-q3 rows, q4 x; r2 r4 r6 r12 sums (VMLADAV takes even registers only); r7 start of x, r8 blocks.
#define MOTE_UNIT(vmladav)               \
    "vld40.32 {q0, q1, q2, q3}, [r0]\n"  \
    "vld41.32 {q0, q1, q2, q3}, [r0]\n"  \
    "vld42.32 {q0, q1, q2, q3}, [r0]\n"  \
    "vld43.32 {q0, q1, q2, q3}, [r0]!\n" \
    "vldrb.u8 q4, [r1], #16\n"           \
    vmladav ".s8 r2, q0, q4\n"           \
    vmladav ".s8 r4, q1, q4\n"           \
    vmladav ".s8 r6, q2, q4\n"           \
    vmladav ".s8 r12, q3, q4\n"

[[gnu::naked, gnu::noinline]] void dots(const uint8_t* /*w*/, const int8_t* /*x*/, uint32_t /*units*/, uint32_t* /*sums*/,
                                        uint32_t /*blocks*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, r8, r9, r10, lr}\n"
        "vpush {d8, d9}\n"
        "ldr r8, [sp, #48]\n"
        "mov r7, r1\n"
        "subs r5, r2, #1\n"
        "ite eq\n"
        "adreq.w r9, 3f\n"
        "adrne.w r9, 2f\n"
        "rsb r4, r5, #0\n"
        "and r4, r4, #3\n"
        "mov r6, #36\n"  // bytes of a unit
        "mla r9, r4, r6, r9\n"
        "add r9, r9, #1\n"
        "add r5, r5, #3\n"
        "lsr r5, r5, #2\n"
        "1:\n"
        "mov r1, r7\n"
        MOTE_UNIT("vmladav")
        "dls lr, r5\n"
        "bx r9\n"
        "2:\n"
        MOTE_UNIT("vmladava")
        MOTE_UNIT("vmladava")
        MOTE_UNIT("vmladava")
        MOTE_UNIT("vmladava")
        "le lr, 2b\n"
        "3:\n"
        "stm r3!, {r2, r4, r6, r12}\n"
        "subs r8, r8, #1\n"
        "bne 1b\n"
        "vpop {d8, d9}\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, pc}\n");
}

#undef MOTE_UNIT

}  // namespace

void mve_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q8(w, x, count, y);
    const uint32_t units = padded_cols(Format::q8, w.cols) / 16, whole = w.rows / 4;
    for (uint32_t token = 0; token < count; token++) {
        const int8_t* v = x.values + size_t(token) * x.stride;
        MveSums sums(y + size_t(token) * w.rows, w.rows);
        if (whole) dots(w.data, v, units, sums.whole, whole);
        if (w.rows % 4) dots(w.data + size_t(whole) * units * 64, v, units, sums.left, 1);
        sums.scale(w.row_scales, x.scales[token]);
    }
}

}  // namespace mote

#endif
