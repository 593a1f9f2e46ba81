// head: the matrix to the vocabulary and the cross-entropy behind it, fused: logits exist for a few rows at a time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::tools {

constexpr int32_t no_target = -1;  // this row is not trained

struct HeadShape {
    size_t rows, dim, vocab;
};

/// Floats of scratch for any number of rows.
size_t head_scratch(size_t vocab);

/// The sum over rows with a target of -ln softmax(x w^T)[target].
///   x        (rows, dim)
///   w        (vocab, dim)
///   targets  (rows), no_target or below vocab
double head_loss(const float* x, const float* w, const int32_t* targets, float* scratch, HeadShape s);

/// The same sum, and the gradients of `scale` times it: with d = scale (softmax(x w^T) - one at the target), or 0 without one,
/// dx = d w and dw += d^T x.
double head_loss_and_gradient(float* dx, float* dw, const float* x, const float* w, const int32_t* targets, float scale,
                              float* scratch, HeadShape s);

}  // namespace mote::tools
