// rope_rows: programs differ in which rows of q and k rotate together; a tensor in the order of one is put into that of another.
#pragma once

#include <vector>

#include "model/weights.h"

namespace mote::tools {

/// The values of a role's tensor with the rows of each head as `to` pairs them; only q, k, their biases and norms have such an
/// order.
std::vector<float> paired_values(const Architecture& architecture, Role role, const HostTensor& tensor, RopePairing to);

}  // namespace mote::tools
