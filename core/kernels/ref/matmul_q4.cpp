// matmul_q4: 4-bit weights with an integer scale for each 32 columns, times int8 activations (SPEC 5.3).
#include "../arithmetic.h"
#include "ref.h"

namespace mote {
namespace {

// The dot of one row's group with 32 activations. `w` is the row's first chunk; its next chunk lies 16 bytes on.
// A nibble is the weight + 8, so |dot| <= 8 * 127 * 32 = 32512.
int32_t dot_group(const uint8_t* w, const int8_t* x) {
    int32_t dot = 0;
    for (uint32_t chunk = 0; chunk < 4; chunk++, w += 16, x += 4)
        for (uint32_t i = 0; i < 4; i++) dot += (int32_t(w[i] & 15u) - 8) * x[i] + (int32_t(w[i] >> 4) - 8) * x[i + 16];
    return dot;
}

}  // namespace

void ref_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    const uint32_t groups = padded_cols(Format::q4, w.cols) / group_cols;
    for (uint32_t row = 0; row < w.rows; row++) {
        const size_t block = size_t(row / 4) * groups;
        const uint8_t* data = w.data + block * 64 + (row & 3u) * 4;
        const int8_t* scales = w.group_scales + block * 4 + (row & 3u);
        const float row_scale = bf16_to_f32(w.row_scales[row]);
        for (uint32_t token = 0; token < count; token++) {
            const int8_t* v = x.values + size_t(token) * x.stride;
            float sum;
            if (is_grouped(x)) {
                const uint8_t* exponents = x.exponents + size_t(token) * (x.stride / group_cols);
                uint64_t total = 0;
                for (uint32_t g = 0; g < groups; g++)
                    total += uint64_t(int64_t(scales[g * 4] * dot_group(data + g * 64, v + g * 32))) << exponents[g];
                sum = float(int64_t(total));
            } else {
                uint32_t total = 0;
                for (uint32_t g = 0; g < groups; g++) total += uint32_t(scales[g * 4] * dot_group(data + g * 64, v + g * 32));
                sum = float(int32_t(total));
            }
            y[size_t(token) * w.rows + row] = (sum * row_scale) * x.scales[token];
        }
    }
}

}  // namespace mote
