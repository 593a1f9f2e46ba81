// transformer: a checkpoint of tensors becomes Weights, whichever program wrote it.
#pragma once

#include <string>

#include "import/config.h"
#include "import/shape.h"
#include "model/weights.h"

namespace mote::tools {

/// The model of a checkpoint, without its tokenizer. `note`s on what was ignored or assumed are in the Weights.
/// Errors: E_MISSING, E_UNSUPPORTED, E_TYPE, E_RANGE, E_LIMIT, E_SHAPE, E_MISMATCH; E_NONFINITE when a tensor's values are read.
Weights import_transformer(const Checkpoint& checkpoint, const GivenSizes& given, Nonfinite policy);

/// The same for a folder as Hugging Face transformers writes it.
Weights import_hf(const std::string& folder, Nonfinite policy);

}  // namespace mote::tools
