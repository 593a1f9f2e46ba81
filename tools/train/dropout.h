// dropout: zeros by a hash of seed and index, so that the backward pass draws the same zeros and nothing is stored.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::tools {

/// x[i] = 0 with probability `rate`, else x[i] / (1 - rate). Forward on values, backward on their gradients, with equal seeds.
///   rate  in [0, 1); 0 changes nothing
void dropout(float* x, float rate, uint64_t seed, size_t n);

/// y = residual + dropout(y).
void add_dropped(float* y, const float* residual, float rate, uint64_t seed, size_t n);

}  // namespace mote::tools
