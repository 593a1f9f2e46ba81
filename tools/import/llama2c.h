// llama2c: checkpoints of llama2.c: version 0 (no magic), 1 (float) and 2 (groups of int8).
#pragma once

#include <memory>

#include "base/files.h"
#include "import/shape.h"
#include "model/weights.h"

namespace mote::tools {

/// Whether a file begins with the magic of versions 1 and up, in either byte order.
bool has_llama2c_magic(const MappedFile& file);

/// Errors: E_TRUNC, E_TRAILING, E_ENDIAN, E_VERSION, E_SHAPE, E_LIMIT, E_OVERFLOW; E_NONFINITE when a tensor's values are read.
Weights import_llama2c(const std::shared_ptr<const MappedFile>& file, Nonfinite policy);

}  // namespace mote::tools
