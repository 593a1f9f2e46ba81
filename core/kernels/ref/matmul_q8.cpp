// matmul_q8: int8 weights times int8 activations. Four rows advance together, as they lie in the file (SPEC 5.2).
#include "../arithmetic.h"
#include "ref.h"

namespace mote {
namespace {

// The dots of four rows with columns [0, cols) of x; cols % 4 == 0. Sums are modulo 2^32.
void dot4(const int8_t* w, const int8_t* x, uint32_t cols, uint32_t dots[4]) {
    uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (uint32_t i = 0; i < cols; i += 4, w += 16) {
        const int32_t x0 = x[i], x1 = x[i + 1], x2 = x[i + 2], x3 = x[i + 3];
        s0 += uint32_t(w[0] * x0 + w[1] * x1 + w[2] * x2 + w[3] * x3);
        s1 += uint32_t(w[4] * x0 + w[5] * x1 + w[6] * x2 + w[7] * x3);
        s2 += uint32_t(w[8] * x0 + w[9] * x1 + w[10] * x2 + w[11] * x3);
        s3 += uint32_t(w[12] * x0 + w[13] * x1 + w[14] * x2 + w[15] * x3);
    }
    dots[0] = s0, dots[1] = s1, dots[2] = s2, dots[3] = s3;
}

// The sums of four rows when each group of columns has an exponent of its own. Modulo 2^64.
void dot4_grouped(const int8_t* w, const int8_t* x, const uint8_t* exponents, uint32_t cols, uint64_t sums[4]) {
    sums[0] = sums[1] = sums[2] = sums[3] = 0;
    for (uint32_t begin = 0; begin < cols; begin += group_cols) {
        const uint32_t n = cols - begin < group_cols ? cols - begin : group_cols;
        uint32_t dots[4];
        dot4(w + size_t(begin) * 4, x + begin, n, dots);
        for (uint32_t r = 0; r < 4; r++) sums[r] += uint64_t(int64_t(int32_t(dots[r]))) << exponents[begin / group_cols];
    }
}

}  // namespace

void ref_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    const uint32_t cols = padded_cols(Format::q8, w.cols);
    for (uint32_t row = 0; row < w.rows; row += 4) {
        const int8_t* block = reinterpret_cast<const int8_t*>(w.data) + size_t(row) * cols;
        const uint32_t rows = w.rows - row < 4 ? w.rows - row : 4;
        for (uint32_t token = 0; token < count; token++) {
            const int8_t* v = x.values + size_t(token) * x.stride;
            float* to = y + size_t(token) * w.rows + row;
            if (is_grouped(x)) {
                uint64_t sums[4];
                dot4_grouped(block, v, x.exponents + size_t(token) * (x.stride / group_cols), cols, sums);
                for (uint32_t r = 0; r < rows; r++)
                    to[r] = (float(int64_t(sums[r])) * bf16_to_f32(w.row_scales[row + r])) * x.scales[token];
            } else {
                uint32_t dots[4];
                dot4(block, v, cols, dots);
                for (uint32_t r = 0; r < rows; r++)
                    to[r] = (float(int32_t(dots[r])) * bf16_to_f32(w.row_scales[row + r])) * x.scales[token];
            }
        }
    }
}

}  // namespace mote
