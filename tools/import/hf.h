// hf: folders as Hugging Face transformers writes them: config.json, model.safetensors, and the tokenizer's files.
#pragma once

#include <string>

#include "import/shape.h"
#include "model/weights.h"

namespace mote::tools {

/// The model of a folder, without its tokenizer.
/// Errors: E_MISSING, E_UNSUPPORTED, E_TYPE, E_RANGE, E_LIMIT, E_SHAPE, E_MISMATCH, and those of JSON and safetensors;
/// E_NONFINITE when a tensor's values are read.
Weights import_hf(const std::string& folder, Nonfinite policy);

}  // namespace mote::tools
