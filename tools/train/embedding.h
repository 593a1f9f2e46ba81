// embedding: tokens to rows of the stream, and positions added to them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::tools {

/// x[r] = w[tokens[r]] + positions[r % length].
///   x          (rows, dim), overwritten
///   tokens     (rows), rows a multiple of length
///   w          (vocab, dim)
///   positions  (length, dim) or nullptr
void embedding_forward(float* x, const uint32_t* tokens, const float* w, const float* positions, size_t rows, size_t length,
                       size_t dim);

/// dw[tokens[r]] += dx[r];  dpositions[r % length] += dx[r].
void embedding_backward(float* dw, float* dpositions, const float* dx, const uint32_t* tokens, size_t rows, size_t length,
                        size_t dim);

}  // namespace mote::tools
