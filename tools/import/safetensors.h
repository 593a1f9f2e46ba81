// safetensors: strict readers of one .safetensors file, and of an index with several. Nothing but the headers is interpreted.
#pragma once

#include <string>

#include "import/stored_tensor.h"

namespace mote::tools {

/// Errors: E_TRUNC, E_EMPTY, E_LIMIT, E_SYNTAX, E_UTF8, E_DEPTH, E_DUP, E_TYPE, E_MISSING, E_UNSUPPORTED (dtype), E_RANGE,
/// E_OVERFLOW, E_SHAPE, E_OVERLAP, E_TRAILING.
StoredTensors read_safetensors(const std::string& path);

}  // namespace mote::tools
