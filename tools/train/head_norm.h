// head_norm: root-mean-square normalization of every query or key head by itself, as Qwen3 has it in front of rope.
#pragma once

#include <cstddef>

#include "train/rope.h"

namespace mote::tools {

/// y = x / sqrt(mean(x^2) + eps) w, for each head.
///   x, y  rows of heads, y overwritten
///   w     (head_dim), the same for all heads
void head_norm_forward(float* y, const float* x, const float* w, float eps, size_t rows, HeadRows heads);

/// With h = x s, s = 1 / sqrt(mean(x^2) + eps):  dx = s (dy w - h mean(dy w h)), in dy's place;  dw += dy h.
void head_norm_backward(float* dy, float* dw, const float* x, const float* w, float eps, size_t rows, HeadRows heads);

}  // namespace mote::tools
