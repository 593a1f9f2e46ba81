// linear: BLAS, with bias and residual as what the product is added to.
#include "train/linear.h"

#include <cstring>

#include "train/blas.h"
#include "train/vector.h"

namespace mote::tools {
namespace {

MOTE_VECTOR void fill_rows(float* y, const float* bias, const float* residual, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, y += cols) {
        if (!residual) {
            std::memcpy(y, bias, cols * sizeof(float));
            continue;
        }
#pragma omp simd
        for (size_t c = 0; c < cols; c++) y[c] = residual[c] + bias[c];
        residual += cols;
    }
}

MOTE_VECTOR void add_rows(float* sum, const float* x, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, x += cols) {
#pragma omp simd
        for (size_t c = 0; c < cols; c++) sum[c] += x[c];
    }
}

}  // namespace

void linear_forward(float* y, const float* x, const float* w, const float* bias, const float* residual, LinearShape s) {
    if (bias)
        fill_rows(y, bias, residual, s.rows, s.out);
    else if (residual)
        std::memcpy(y, residual, s.rows * s.out * sizeof(float));
    product_nt({y, s.out}, {x, s.in}, {w, s.in}, s.rows, s.out, s.in, 1, bias || residual ? 1 : 0);
}

void linear_backward_weights(float* dw, float* dbias, const float* dy, const float* x, LinearShape s) {
    product_tn({dw, s.in}, {dy, s.out}, {x, s.in}, s.out, s.in, s.rows, 1, 1);
    if (dbias) add_rows(dbias, dy, s.rows, s.out);
}

void linear_backward_input(float* dx, const float* dy, const float* w, LinearShape s) {
    product_nn({dx, s.in}, {dy, s.out}, {w, s.in}, s.rows, s.in, s.out, 1, 0);
}

}  // namespace mote::tools
