// matmul_q8: activations are widened once to pairs of int16, and all rows multiply by them: two SXTB16 and two SMLAD for four
// weights of a row.
#include "dsp.h"

#if defined(MOTE_HAS_DSP)

#include "../ref/ref.h"
#include "sums.h"

namespace mote {
namespace {

constexpr uint32_t slab_cols = 160;  // 320 bytes of stack

// sums[r] += dot of row r and x, modulo 2^32, for the four rows at w. From x to end lie two words for each four columns; their
// number is a multiple of 16 columns, not zero.
//
//     for (; x < end; x += 2, w += 16)
//         for (int r = 0; r < 4; r++)
//             sums[r] += w[4 * r] * low(x[0]) + w[4 * r + 2] * high(x[0]) + w[4 * r + 1] * low(x[1]) + w[4 * r + 3] * high(x[1]);
//
// r3-r6 weights, r7-r10 sums, r11 r12 activations. A row's two products stand apart for cores that issue two instructions at once.
[[gnu::naked, gnu::noinline]] void dot4(const uint8_t* /*w*/, const uint32_t* /*x*/, const uint32_t* /*end*/, uint32_t* /*sums*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "ldm r3, {r7, r8, r9, r10}\n"
        "1:\n"
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
        "blo 1b\n"
        "ldr r3, [sp]\n"
        "stm r3, {r7, r8, r9, r10}\n"
        "pop {r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// Four columns become the words (x0, x2) and (x1, x3), as SXTB16 splits the weights.
void widen(const int8_t* x, uint32_t cols, uint32_t* to) {
    for (uint32_t i = 0; i < cols; i += 4, to += 2) to[0] = pair(x[i], x[i + 2]), to[1] = pair(x[i + 1], x[i + 3]);
}

}  // namespace

void dsp_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (x.exponents) return ref_matmul_q8(w, x, count, y);
    const uint32_t cols = padded_cols(Format::q8, w.cols);
    uint32_t wide[slab_cols / 2];
    for (uint32_t token = 0; token < count; token++) {
        RowSums sums(y + size_t(token) * w.rows, w.rows);
        for (uint32_t begin = 0; begin < cols; begin += slab_cols) {
            const uint32_t n = cols - begin < slab_cols ? cols - begin : slab_cols;
            widen(x.values + size_t(token) * x.stride + begin, n, wide);
            const uint8_t* block = w.data + size_t(begin) * 4;
            for (uint32_t row = 0; row < w.rows; row += 4, block += size_t(cols) * 4) dot4(block, wide, wide + n / 2, sums.block(row));
        }
        sums.scale(w.row_scales, x.scales[token]);
    }
}

}  // namespace mote

#endif
