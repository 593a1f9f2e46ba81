// norm: root-mean-square and layer normalization of rows. Nothing is saved between the passes: the two sums over a row are
// cheaper to repeat than to keep.
#pragma once

#include <cstddef>

namespace mote::tools {

/// y = x / sqrt(mean(x^2) + eps) w
///   x, y  (rows, dim); y is overwritten
///   w     (dim)
void rms_norm_forward(float* y, const float* x, const float* w, float eps, size_t rows, size_t dim);

/// With h = x s, s = 1 / sqrt(mean(x^2) + eps):  dx += s (dy w - h mean(dy w h));  dw += dy h.
void rms_norm_backward(float* dx, float* dw, const float* dy, const float* x, const float* w, float eps, size_t rows, size_t dim);

/// y = (x - mean(x)) / sqrt(variance(x) + eps) w + bias
///   bias  (dim) or nullptr; so dbias
void layer_norm_forward(float* y, const float* x, const float* w, const float* bias, float eps, size_t rows, size_t dim);

/// With h = (x - mean(x)) s:  dx += s (dy w - mean(dy w) - h mean(dy w h));  dw += dy h;  dbias += dy.
void layer_norm_backward(float* dx, float* dw, float* dbias, const float* dy, const float* x, const float* w, float eps,
                         size_t rows, size_t dim);

}  // namespace mote::tools
