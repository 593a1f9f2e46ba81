// matmul_q8: activations are widened once to pairs of int16, and all rows multiply by them: two SXTB16 and two SMLAD for four
// weights of a row.
#include "dsp.h"

#if defined(MOTE_HAS_DSP)

#include "../ref/ref.h"
#include "../row_sums.h"
#include "pair.h"

namespace mote {
namespace {

constexpr uint32_t slab_cols = 160;  // 320 bytes of stack

// Adds to sums, modulo 2^32, the dots of blocks of four rows with x. From x to x_end lie two words for each four columns, whose
// number is a multiple of 16, not zero. From one block's last column to the next block's first it is `skip` bytes.
//
//     for (; sums < sums_end; sums += 4, w += skip)
//         for (const uint32_t* p = x; p < x_end; p += 2, w += 16)
//             for (int r = 0; r < 4; r++)
//                 sums[r] += w[4 * r] * low(p[0]) + w[4 * r + 2] * high(p[0]) + w[4 * r + 1] * low(p[1]) + w[4 * r + 3] * high(p[1]);
//
// r3-r6 weights, r7-r10 sums, r11 r12 activations; at sp: x, x_end, sums; at sp + 48: sums_end, skip. A row's two products stand
// apart for cores that issue two instructions at once.
[[gnu::naked, gnu::noinline]] void add_dots(const uint8_t* /*w*/, const uint32_t* /*x*/, const uint32_t* /*x_end*/, uint32_t* /*sums*/,
                                            const uint32_t* /*sums_end*/, size_t /*skip*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "1:\n"
        "ldm r3, {r7, r8, r9, r10}\n"
        "2:\n"
        ".rept 4\n"
        "ldm r0!, {r3, r4, r5, r6}\n"
        "ldrd r11, r12, [r1], #8\n"
        "sxtb16 lr, r3\n"
        "sxtb16 r3, r3, ror #8\n"
        "smlad r7, lr, r11, r7\n"
        "sxtb16 lr, r4\n"
        "smlad r7, r3, r12, r7\n"
        "sxtb16 r4, r4, ror #8\n"
        "smlad r8, lr, r11, r8\n"
        "sxtb16 lr, r5\n"
        "smlad r8, r4, r12, r8\n"
        "sxtb16 r5, r5, ror #8\n"
        "smlad r9, lr, r11, r9\n"
        "sxtb16 lr, r6\n"
        "smlad r9, r5, r12, r9\n"
        "sxtb16 r6, r6, ror #8\n"
        "smlad r10, lr, r11, r10\n"
        "smlad r10, r6, r12, r10\n"
        ".endr\n"
        "cmp r1, r2\n"
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
}

// Four columns become the words (x0, x2) and (x1, x3), as SXTB16 splits the weights.
void widen(const int8_t* x, uint32_t cols, uint32_t* to) {
    for (uint32_t i = 0; i < cols; i += 4, to += 2) to[0] = pair(x[i], x[i + 2]), to[1] = pair(x[i + 1], x[i + 3]);
}

}  // namespace

void dsp_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q8(w, x, count, y);
    const uint32_t cols = padded_cols(Format::q8, w.cols);
    uint32_t wide[slab_cols / 2];
    for (uint32_t token = 0; token < count; token++) {
        RowSums sums(y + size_t(token) * w.rows, w.rows);
        for (uint32_t begin = 0; begin < cols; begin += slab_cols) {
            const uint32_t n = cols - begin < slab_cols ? cols - begin : slab_cols;
            widen(x.values + size_t(token) * x.stride + begin, n, wide);
            const uint8_t* block = w.data + size_t(begin) * 4;
            const size_t skip = size_t(cols - n) * 4;
            if (w.rows >= 4) add_dots(block, wide, wide + n / 2, sums.whole, sums.whole_end, skip);
            if (w.rows % 4) add_dots(block + size_t(w.rows / 4) * cols * 4, wide, wide + n / 2, sums.left, sums.left + 4, skip);
        }
        sums.scale(w.rows, w.row_scales, x.scales[token]);
    }
}

}  // namespace mote

#endif
