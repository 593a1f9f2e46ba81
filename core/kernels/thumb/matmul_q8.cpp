// matmul_q8: weights become unsigned by their upper bits, and what that adds is taken off with the addend of each multiplication.
#include "thumb.h"

#if defined(MOTE_HAS_THUMB)

#include "../ref/ref.h"
#include "../row_sums.h"
#include "pairs.h"
#include "registers.h"

namespace mote {
namespace {

constexpr uint32_t slab_cols = __ARM_ARCH_ISA_THUMB >= 2 ? 64 : 32;  // 256 bytes of stack, on the smallest cores 128

// Two columns of activations: what multiplies a pair of weights + 128, and what makes of it the product of the weights themselves.
// |w0 x2| <= 128 * 127 and |w0 x0 + w2 x2| <= 2 * 128 * 127 = 32512: int16 holds both.
struct Pair {
    uint32_t factor, addend;
};

Pair pair_of(int32_t u, int32_t v) {
    const uint32_t factor = crossed(u, v);
    return {factor, half_of_low - (128u + (128u << 16)) * factor};
}

// Four columns are the pairs (0, 2) and (1, 3).
void pair_up(const int8_t* x, uint32_t cols, Pair* to) {
    for (uint32_t i = 0; i < cols; i += 4) *to++ = pair_of(x[i], x[i + 2]), *to++ = pair_of(x[i + 1], x[i + 3]);
}

// Adds to sums, modulo 2^32, the dots of blocks of four rows with x. From x to x_end lie two pairs for each four columns, whose
// number is a multiple of 16, not zero. From one block's last column to the next block's first it is `skip` bytes.
//
//     for (; sums < sums_end; sums += 4, w += skip)
//         for (const Pair* p = x; p < x_end; p += 2, w += 16)
//             for (int r = 0; r < 4; r++) {
//                 const uint32_t offset = word(w + 4 * r) ^ 0x80808080;
//                 sums[r] += upper((offset & 0x00ff00ff) * p[0].factor + p[0].addend);
//                 sums[r] += upper((offset >> 8 & 0x00ff00ff) * p[1].factor + p[1].addend);
//             }
//
// At sp: x, x_end, sums; at sp + 48: sums_end, skip.
[[gnu::naked, gnu::noinline]] void add_dots(const uint8_t* /*w*/, const Pair* /*x*/, const Pair* /*x_end*/, uint32_t* /*sums*/,
                                            const uint32_t* /*sums_end*/, size_t /*skip*/) {
#if __ARM_ARCH_ISA_THUMB >= 2
// r3-r6 weights, r7-r10 sums, r11 factor, r12 addend, r2 mask.
#define MOTE_EVEN(weights, sum)                    \
    "eor " weights ", " weights ", #0x80808080\n" \
    "and lr, r2, " weights "\n"                    \
    "mla lr, lr, r11, r12\n"                       \
    "add " sum ", " sum ", lr, asr #16\n"
#define MOTE_ODD(weights, sum)          \
    "and lr, r2, " weights ", lsr #8\n" \
    "mla lr, lr, r11, r12\n"            \
    "add " sum ", " sum ", lr, asr #16\n"
    asm volatile(
        ".syntax unified\n"
        "push {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "mov r2, #0x00ff00ff\n"
        "1:\n"
        "ldm r3, {r7, r8, r9, r10}\n"
        "2:\n"
        ".rept 4\n"
        "ldm r0!, {r3, r4, r5, r6}\n"
        "ldrd r11, r12, [r1], #8\n"
        MOTE_EVEN("r3", "r7")
        MOTE_EVEN("r4", "r8")
        MOTE_EVEN("r5", "r9")
        MOTE_EVEN("r6", "r10")
        "ldrd r11, r12, [r1], #8\n"
        MOTE_ODD("r3", "r7")
        MOTE_ODD("r4", "r8")
        MOTE_ODD("r5", "r9")
        MOTE_ODD("r6", "r10")
        ".endr\n"
        "ldr r3, [sp, #4]\n"
        "cmp r1, r3\n"
        "blo 2b\n"
        "ldr r3, [sp, #8]\n"
        "ldr r1, [sp]\n"
        "stm r3!, {r7, r8, r9, r10}\n"
        "ldrd r11, r12, [sp, #48]\n"
        "str r3, [sp, #8]\n"
        "add r0, r0, r12\n"
        "cmp r3, r11\n"
        "blo 1b\n"
        "pop {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
#undef MOTE_EVEN
#undef MOTE_ODD
#else
// r2 w, r3 what makes weights unsigned, r4 mask, r5 odd and r6 even factor, r7 x; r9 even and r10 odd addend, r8 r11 r12 lr sums.
#define MOTE_ROW(offset, sum)       \
    "ldr r0, [r2, #" offset "]\n"   \
    "eors r0, r3\n"                 \
    "lsrs r1, r0, #8\n"             \
    "ands r0, r4\n"                 \
    "ands r1, r4\n"                 \
    "muls r0, r6, r0\n"             \
    "muls r1, r5, r1\n"             \
    "add r0, r9\n"                  \
    "add r1, r10\n"                 \
    "asrs r0, r0, #16\n"            \
    "asrs r1, r1, #16\n"            \
    "add " sum ", r0\n"             \
    "add " sum ", r1\n"
    asm volatile(
        ".syntax unified\n"
        MOTE_PUSH_ALL
        "push {r1, r2, r3}\n"
        "mov r2, r0\n"
        "movs r4, #0xff\n"
        "lsls r3, r4, #16\n"
        "orrs r4, r3\n"
        "movs r3, #0x80\n"
        "lsls r0, r3, #8\n"
        "orrs r3, r0\n"
        "lsls r0, r3, #16\n"
        "orrs r3, r0\n"
        "1:\n"
        "ldr r7, [sp, #8]\n"
        "ldm r7!, {r0, r1, r5, r6}\n"
        "mov r8, r0\n"
        "mov r11, r1\n"
        "mov r12, r5\n"
        "mov lr, r6\n"
        "ldr r7, [sp]\n"
        "2:\n"
        "ldm r7!, {r0, r1, r5, r6}\n"
        "mov r9, r1\n"
        "mov r10, r6\n"
        "mov r6, r0\n"
        MOTE_ROW("0", "r8")
        MOTE_ROW("4", "r11")
        MOTE_ROW("8", "r12")
        MOTE_ROW("12", "lr")
        "adds r2, #16\n"
        "ldr r0, [sp, #4]\n"
        "cmp r7, r0\n"
        "blo 2b\n"
        "ldr r7, [sp, #8]\n"
        "mov r0, r8\n"
        "mov r1, r11\n"
        "mov r5, r12\n"
        "mov r6, lr\n"
        "stm r7!, {r0, r1, r5, r6}\n"
        "str r7, [sp, #8]\n"
        "ldr r0, [sp, #52]\n"
        "adds r2, r2, r0\n"
        "ldr r0, [sp, #48]\n"
        "cmp r7, r0\n"
        "blo 1b\n"
        "add sp, #12\n"
        MOTE_POP_ALL);
#undef MOTE_ROW
#endif
}

}  // namespace

void thumb_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q8(w, x, count, y);
    const uint32_t cols = padded_cols(Format::q8, w.cols);
    Pair pairs[slab_cols / 2];
    for (uint32_t token = 0; token < count; token++) {
        RowSums sums(y + size_t(token) * w.rows, w.rows);
        for (uint32_t begin = 0; begin < cols; begin += slab_cols) {
            const uint32_t n = cols - begin < slab_cols ? cols - begin : slab_cols;
            pair_up(x.values + size_t(token) * x.stride + begin, n, pairs);
            const uint8_t* block = w.data + size_t(begin) * 4;
            const size_t skip = size_t(cols - n) * 4;
            if (w.rows >= 4) add_dots(block, pairs, pairs + n / 2, sums.whole, sums.whole_end, skip);
            if (w.rows % 4) add_dots(block + size_t(w.rows / 4) * cols * 4, pairs, pairs + n / 2, sums.left, sums.left + 4, skip);
        }
        sums.scale(w.rows, w.row_scales, x.scales[token]);
    }
}

}  // namespace mote

#endif
