// head_norm: one head at a time.
#include "train/head_norm.h"

#include <cmath>

#include "train/vector.h"

namespace mote::tools {
namespace {

MOTE_INLINE float scale_of(const float* x, float eps, size_t n) {
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (size_t i = 0; i < n; i++) squares += x[i] * x[i];
    return 1.0f / std::sqrt(squares / float(n) + eps);
}

}  // namespace

MOTE_VECTOR void head_norm_forward(float* y, const float* x, const float* w, float eps, size_t rows, HeadRows heads) {
    for (size_t r = 0; r < rows; r++, x += heads.stride, y += heads.stride)
        for (size_t first = 0; first < heads.heads * heads.head_dim; first += heads.head_dim) {
            const float s = scale_of(x + first, eps, heads.head_dim);
#pragma omp simd
            for (size_t i = 0; i < heads.head_dim; i++) y[first + i] = x[first + i] * s * w[i];
        }
}

MOTE_VECTOR void head_norm_backward(float* dy, float* dw, const float* x, const float* w, float eps, size_t rows, HeadRows heads) {
    for (size_t r = 0; r < rows; r++, x += heads.stride, dy += heads.stride)
        for (size_t first = 0; first < heads.heads * heads.head_dim; first += heads.head_dim) {
            const float s = scale_of(x + first, eps, heads.head_dim);
            float along = 0;  // sum of dy w h
#pragma omp simd reduction(+ : along)
            for (size_t i = 0; i < heads.head_dim; i++) along += dy[first + i] * w[i] * x[first + i] * s;
            along /= float(heads.head_dim);
#pragma omp simd
            for (size_t i = 0; i < heads.head_dim; i++) {
                const float h = x[first + i] * s, d = dy[first + i];
                dy[first + i] = s * (d * w[i] - h * along);
                dw[i] += d * h;
            }
        }
}

}  // namespace mote::tools
