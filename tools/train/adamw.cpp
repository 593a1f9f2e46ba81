// adamw: one pass over parameter, gradient and both moments.
#include "train/adamw.h"

#include <cmath>

#include "train/vector.h"

namespace mote::tools {

MOTE_VECTOR void adamw_update(float* w, float* m, float* v, const float* gradient, size_t n, const AdamW& adam,
                              float gradient_scale, float decay, float rate, uint64_t step) {
    const float beta1 = adam.beta1, beta2 = adam.beta2, eps = adam.eps;
    const float step_size = float(double(rate) / (1.0 - std::pow(double(beta1), double(step))));
    const float to_root = float(1.0 / std::sqrt(1.0 - std::pow(double(beta2), double(step))));
    const float kept = 1.0f - rate * decay;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float g = gradient[i] * gradient_scale;
        m[i] = beta1 * m[i] + (1.0f - beta1) * g;
        v[i] = beta2 * v[i] + (1.0f - beta2) * g * g;
        w[i] = w[i] * kept - step_size * m[i] / (std::sqrt(v[i]) * to_root + eps);
    }
}

}  // namespace mote::tools
