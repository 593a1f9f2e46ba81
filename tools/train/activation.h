// activation: what stands between the two matrices of a feed-forward layer, plain or gated.
#pragma once

#include <cstddef>

#include "mote/format.h"

namespace mote::tools {

/// y = f(u), elementwise.
///   u  (rows, hidden)
///   y  (rows, hidden), overwritten
void activation_forward(float* y, const float* u, Activation f, size_t rows, size_t hidden);

/// du = dy f'(u), and y = f(u) again, so that it need not be kept.
///   du  (rows, hidden): dy on entry
void activation_backward(float* du, float* y, const float* u, Activation f, size_t rows, size_t hidden);

/// y = f(g) u.
///   gate_up  (rows, 2 hidden): g, then u
///   y        (rows, hidden), overwritten
void gated_forward(float* y, const float* gate_up, Activation f, size_t rows, size_t hidden);

/// dg = dy u f'(g);  du = dy f(g);  and y again.
///   dgate_up  (rows, 2 hidden), overwritten
///   y         (rows, hidden): dy on entry, f(g) u on return
void gated_backward(float* dgate_up, float* y, const float* gate_up, Activation f, size_t rows, size_t hidden);

}  // namespace mote::tools
