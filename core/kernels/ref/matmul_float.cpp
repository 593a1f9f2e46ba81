// matmul_float: f32 and f16 matrices times f32 vectors.
#include "../arithmetic.h"
#include "ref.h"

namespace mote {

void ref_matmul_f32(const Matrix& w, const float* x, uint32_t count, float* y) {
    for (uint32_t token = 0; token < count; token++) {
        const float* v = x + size_t(token) * w.cols;
        for (uint32_t row = 0; row < w.rows; row++) {
            const float* m = w.f32() + size_t(row) * w.cols;
            Stripes sum;
            for (uint32_t i = 0; i < w.cols; i++) sum.add(i, m[i] * v[i]);
            y[size_t(token) * w.rows + row] = sum.sum();
        }
    }
}

void ref_matmul_f16(const Matrix& w, const float* x, uint32_t count, float* y) {
    const uint16_t* data = reinterpret_cast<const uint16_t*>(w.data);
    for (uint32_t token = 0; token < count; token++) {
        const float* v = x + size_t(token) * w.cols;
        for (uint32_t row = 0; row < w.rows; row++) {
            const uint16_t* m = data + size_t(row) * w.cols;
            Stripes sum;
            for (uint32_t i = 0; i < w.cols; i++) sum.add(i, f16_to_f32(m[i]) * v[i]);
            y[size_t(token) * w.rows + row] = sum.sum();
        }
    }
}

}  // namespace mote
