// norm: one row at a time, twice through the cache.
#include "train/norm.h"

#include <cmath>

#include "train/vector.h"

namespace mote::tools {
namespace {

MOTE_INLINE void add(float* y, const float* x, size_t dim) {
#pragma omp simd
    for (size_t i = 0; i < dim; i++) y[i] += x[i];
}

MOTE_INLINE float rms_scale(const float* x, float eps, size_t dim) {
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (size_t i = 0; i < dim; i++) squares += x[i] * x[i];
    return 1.0f / std::sqrt(squares / float(dim) + eps);
}

MOTE_INLINE float mean_of(const float* x, size_t dim) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < dim; i++) sum += x[i];
    return sum / float(dim);
}

MOTE_INLINE float layer_scale(const float* x, float mean, float eps, size_t dim) {
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (size_t i = 0; i < dim; i++) squares += (x[i] - mean) * (x[i] - mean);
    return 1.0f / std::sqrt(squares / float(dim) + eps);
}

}  // namespace

MOTE_VECTOR void rms_norm_forward(float* y, const float* x, const float* w, float eps, size_t rows, size_t dim) {
    for (size_t r = 0; r < rows; r++, x += dim, y += dim) {
        const float s = rms_scale(x, eps, dim);
#pragma omp simd
        for (size_t i = 0; i < dim; i++) y[i] = x[i] * s * w[i];
    }
}

MOTE_VECTOR void rms_norm_backward(float* dx, float* dw, const float* dy, const float* x, const float* w, float eps, size_t rows,
                                   size_t dim) {
    for (size_t r = 0; r < rows; r++, x += dim, dx += dim, dy += dim) {
        const float s = rms_scale(x, eps, dim);
        float along = 0;  // sum of dy w h
#pragma omp simd reduction(+ : along)
        for (size_t i = 0; i < dim; i++) along += dy[i] * w[i] * x[i] * s;
        along /= float(dim);
#pragma omp simd
        for (size_t i = 0; i < dim; i++) {
            const float h = x[i] * s;
            dx[i] += s * (dy[i] * w[i] - h * along);
            dw[i] += dy[i] * h;
        }
    }
}

MOTE_VECTOR void layer_norm_forward(float* y, const float* x, const float* w, const float* bias, float eps, size_t rows,
                                    size_t dim) {
    for (size_t r = 0; r < rows; r++, x += dim, y += dim) {
        const float mean = mean_of(x, dim), s = layer_scale(x, mean, eps, dim);
#pragma omp simd
        for (size_t i = 0; i < dim; i++) y[i] = (x[i] - mean) * s * w[i];
        if (bias) add(y, bias, dim);
    }
}

MOTE_VECTOR void layer_norm_backward(float* dx, float* dw, float* dbias, const float* dy, const float* x, const float* w, float eps,
                                     size_t rows, size_t dim) {
    for (size_t r = 0; r < rows; r++, x += dim, dx += dim, dy += dim) {
        const float mean = mean_of(x, dim), s = layer_scale(x, mean, eps, dim);
        float level = 0, along = 0;  // sums of dy w and of dy w h
#pragma omp simd reduction(+ : level, along)
        for (size_t i = 0; i < dim; i++) {
            level += dy[i] * w[i];
            along += dy[i] * w[i] * (x[i] - mean) * s;
        }
        level /= float(dim);
        along /= float(dim);
#pragma omp simd
        for (size_t i = 0; i < dim; i++) {
            const float h = (x[i] - mean) * s;
            dx[i] += s * (dy[i] * w[i] - level - h * along);
            dw[i] += dy[i] * h;
        }
        if (dbias) add(dbias, dy, dim);
    }
}

}  // namespace mote::tools
