// norm: RMSNorm and LayerNorm, and the addition to the stream.
#include "../arithmetic.h"
#include "ref.h"

namespace mote {

void ref_rms_norm(const float* x, const float* w, uint32_t n, float eps, float* y) {
    Stripes squares;
    uint32_t i = 0;
    for (; !for_size && i + 4 <= n; i += 4) {  // with places that the compiler knows, the stripes stay in registers
        squares.add(0, x[i] * x[i]);
        squares.add(1, x[i + 1] * x[i + 1]);
        squares.add(2, x[i + 2] * x[i + 2]);
        squares.add(3, x[i + 3] * x[i + 3]);
    }
    for (; i < n; i++) squares.add(i, x[i] * x[i]);
    const float r = 1.0f / square_root(squares.sum() / float(int32_t(n)) + eps);
    for (i = 0; i < n; i++) y[i] = (x[i] * r) * w[i];
}

void ref_layer_norm(const float* x, const float* w, const float* bias, uint32_t n, float eps, float* y) {
    Stripes sum, squares;
    for (uint32_t i = 0; i < n; i++) sum.add(i, x[i]);
    const float mean = sum.sum() / float(int32_t(n));
    for (uint32_t i = 0; i < n; i++) squares.add(i, (x[i] - mean) * (x[i] - mean));
    const float r = 1.0f / square_root(squares.sum() / float(int32_t(n)) + eps);
    for (uint32_t i = 0; i < n; i++) {
        const float scaled = ((x[i] - mean) * r) * w[i];
        y[i] = bias ? scaled + bias[i] : scaled;
    }
}

void ref_add(float* y, const float* x, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) y[i] = y[i] + x[i];
}

}  // namespace mote
