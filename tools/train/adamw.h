// adamw: Adam with decoupled weight decay (Kingma, Ba 2015; Loshchilov, Hutter 2019).
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::tools {

struct AdamW {
    float beta1 = 0.9f, beta2 = 0.95f, eps = 1e-8f;
    float weight_decay = 0.1f;  // of matrices only
};

/// One step over n parameters that decay alike. With g = gradient * gradient_scale:
///   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
///   w = w (1 - rate * decay) - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
///   step  t, from 1
void adamw_update(float* w, float* m, float* v, const float* gradient, size_t n, const AdamW& adam, float gradient_scale,
                  float decay, float rate, uint64_t step);

}  // namespace mote::tools
