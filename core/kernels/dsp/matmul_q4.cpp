// matmul_q4: nibbles keep their offset of 8 and are multiplied as they stand, one AND and one SMLAD for two weights of a row;
// eight times the sum of the activations is taken off where each group begins.
#include "dsp.h"

#if defined(MOTE_HAS_DSP)

#include "../ref/ref.h"
#include "../row_sums.h"
#include "pair.h"

namespace mote {
namespace {

constexpr uint32_t slab_groups = 5;  // 340 bytes of stack

// A group of activations as the loop takes them: -8 times their sum, then four words for each chunk of a row's four bytes.
struct WideGroup {
    int32_t start;
    uint32_t pairs[16];
};

// Adds to sums, modulo 2^32, the sums of scale * dot of blocks of four rows over all groups from x to x_end (not none). Behind a
// block's last group lie `skip` that are not asked for.
//
//     for (; sums < sums_end; sums += 4, w += 64 * skip, scales += 4 * skip)
//         for (const WideGroup* p = x; p < x_end; p++, w += 64, scales += 4) {
//             int32_t dot[4] = {p->start, p->start, p->start, p->start};
//             for (int chunk = 0; chunk < 4; chunk++)
//                 for (int r = 0; r < 4; r++)
//                     for (int i = 0; i < 4; i++) {
//                         const uint32_t nibbles = word(w + 16 * chunk + 4 * r) >> 4 * i & 0x000f000f;
//                         dot[r] += low(nibbles) * low(p->pairs[4 * chunk + i]) + high(nibbles) * high(p->pairs[4 * chunk + i]);
//                     }
//             for (int r = 0; r < 4; r++) sums[r] += scales[r] * dot[r];
//         }
//
// |dot| ends within 8 * 127 * 32 = 32512, so int16 holds it and SMLABB and SMLABT multiply it by a scale.
// r3-r6 weights, r7-r10 dots, r11 r12 activations, r2 mask; at sp: x, x_end; at sp + 48: scales, sums, sums_end, skip.
#define MOTE_CHUNK(start8, start9, start10)  \
    "ldm r0!, {r3, r4, r5, r6}\n"            \
    "ldrd r11, r12, [r1], #8\n"              \
    "and lr, r2, r6\n"                       \
    "smlad r10, lr, r11, " start10 "\n"      \
    "and lr, r2, r6, lsr #4\n"               \
    "smlad r10, lr, r12, r10\n"              \
    "and lr, r2, r5\n"                       \
    "smlad r9, lr, r11, " start9 "\n"        \
    "and lr, r2, r5, lsr #4\n"               \
    "smlad r9, lr, r12, r9\n"                \
    "and lr, r2, r4\n"                       \
    "smlad r8, lr, r11, " start8 "\n"        \
    "and lr, r2, r4, lsr #4\n"               \
    "smlad r8, lr, r12, r8\n"                \
    "and lr, r2, r3\n"                       \
    "smlad r7, lr, r11, r7\n"                \
    "and lr, r2, r3, lsr #4\n"               \
    "smlad r7, lr, r12, r7\n"                \
    "ldrd r11, r12, [r1], #8\n"              \
    "and lr, r2, r3, lsr #8\n"               \
    "and r3, r2, r3, lsr #12\n"              \
    "smlad r7, lr, r11, r7\n"                \
    "and lr, r2, r4, lsr #8\n"               \
    "smlad r7, r3, r12, r7\n"                \
    "and r4, r2, r4, lsr #12\n"              \
    "smlad r8, lr, r11, r8\n"                \
    "and lr, r2, r5, lsr #8\n"               \
    "smlad r8, r4, r12, r8\n"                \
    "and r5, r2, r5, lsr #12\n"              \
    "smlad r9, lr, r11, r9\n"                \
    "and lr, r2, r6, lsr #8\n"               \
    "smlad r9, r5, r12, r9\n"                \
    "and r6, r2, r6, lsr #12\n"              \
    "smlad r10, lr, r11, r10\n"              \
    "smlad r10, r6, r12, r10\n"

[[gnu::naked, gnu::noinline]] void add_groups(const uint8_t* /*w*/, const WideGroup* /*x*/, const WideGroup* /*x_end*/, int /*unused*/,
                                              const int8_t* /*scales*/, uint32_t* /*sums*/, const uint32_t* /*sums_end*/,
                                              size_t /*skip*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "mov r2, #0x000f000f\n"
        "1:\n"
        "ldr r7, [r1], #4\n"
        MOTE_CHUNK("r7", "r7", "r7")
        MOTE_CHUNK("r8", "r9", "r10")
        MOTE_CHUNK("r8", "r9", "r10")
        MOTE_CHUNK("r8", "r9", "r10")
        "ldrd r12, r11, [sp, #48]\n"
        "ldr lr, [r12], #4\n"
        "ldm r11, {r3, r4, r5, r6}\n"
        "str r12, [sp, #48]\n"
        "sxtb16 r12, lr\n"
        "sxtb16 lr, lr, ror #8\n"
        "smlabb r3, r7, r12, r3\n"
        "smlabb r4, r8, lr, r4\n"
        "smlabt r5, r9, r12, r5\n"
        "smlabt r6, r10, lr, r6\n"
        "ldr lr, [sp, #4]\n"
        "stm r11, {r3, r4, r5, r6}\n"
        "cmp r1, lr\n"
        "blo 1b\n"
        "ldrd r3, r4, [sp, #56]\n"
        "ldr r12, [sp, #48]\n"
        "add r11, r11, #16\n"
        "ldr r1, [sp]\n"
        "add r12, r12, r4, lsl #2\n"
        "add r0, r0, r4, lsl #6\n"
        "strd r12, r11, [sp, #48]\n"
        "cmp r11, r3\n"
        "blo 1b\n"
        "pop {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// A chunk's words are (x0, x2), (x16, x18), (x1, x3), (x17, x19), as a mask and shifts by 4 split the weights.
void widen(const int8_t* x, uint32_t groups, WideGroup* to) {
    for (; groups > 0; groups--, x += group_cols, to++) {
        int32_t sum = 0;
        for (uint32_t i = 0; i < group_cols; i++) sum += x[i];
        to->start = -8 * sum;
        for (uint32_t i = 0; i < 16; i++) {
            const int8_t* at = x + (i & ~3u) + ((i >> 1) & 1u) + ((i & 1u) ? 16 : 0);
            to->pairs[i] = pair(at[0], at[2]);
        }
    }
}

}  // namespace

void dsp_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q4(w, x, count, y);
    const uint32_t groups = padded_cols(Format::q4, w.cols) / group_cols;
    WideGroup wide[slab_groups];
    for (uint32_t token = 0; token < count; token++) {
        RowSums sums(y + size_t(token) * w.rows, w.rows);
        for (uint32_t begin = 0; begin < groups; begin += slab_groups) {
            const uint32_t n = groups - begin < slab_groups ? groups - begin : slab_groups;
            widen(x.values + size_t(token) * x.stride + size_t(begin) * group_cols, n, wide);
            const uint8_t* data = w.data + size_t(begin) * 64;
            const int8_t* scales = w.group_scales + size_t(begin) * 4;
            const size_t left = size_t(w.rows / 4) * groups, skip = groups - n;
            if (w.rows >= 4) add_groups(data, wide, wide + n, 0, scales, sums.whole, sums.whole_end, skip);
            if (w.rows % 4) add_groups(data + left * 64, wide, wide + n, 0, scales + left * 4, sums.left, sums.left + 4, skip);
        }
        sums.scale(w.rows, w.row_scales, x.scales[token]);
    }
}

#undef MOTE_CHUNK

}  // namespace mote

#endif
