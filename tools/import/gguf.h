// gguf: models in llama.cpp's file format, with the tokenizer in the same file.
#pragma once

#include <string>

#include "gguf/gguf_file.h"
#include "import/shape.h"
#include "model/weights.h"

namespace mote::tools {

/// The model of a GGUF file without its tokenizer; `general.architecture` names a row of import/families. Tensors stay in their
/// blocks until their values are asked for. Errors: E_UNSUPPORTED (architecture, type of tensor, rule of rope, tensors that no role
/// has: by name), E_MISSING, E_TYPE, E_RANGE, E_LIMIT, E_SHAPE, E_MISMATCH; E_NONFINITE when a tensor's values are read.
Weights import_gguf(const GgufFile& gguf, Nonfinite policy);

/// Whether the file has a vocabulary.
bool has_tokenizer(const GgufFile& gguf);

}  // namespace mote::tools
