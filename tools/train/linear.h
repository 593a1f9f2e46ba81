// linear: a matrix with an optional bias, applied to rows.
#pragma once

#include <cstddef>

namespace mote::tools {

struct LinearShape {
    size_t rows, in, out;
};

/// y = x w^T + bias + residual
///   y         (rows, out), overwritten
///   x         (rows, in)
///   w         (out, in)
///   bias      (out) or nullptr
///   residual  (rows, out) or nullptr
void linear_forward(float* y, const float* x, const float* w, const float* bias, const float* residual, LinearShape s);

/// dw += dy^T x;  dbias += the sum of dy's rows, unless nullptr.
void linear_backward_weights(float* dw, float* dbias, const float* dy, const float* x, LinearShape s);

/// dx = dy w.
void linear_backward_input(float* dx, const float* dy, const float* w, LinearShape s);

}  // namespace mote::tools
