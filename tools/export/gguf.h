// gguf: Weights become a GGUF file that llama.cpp and import/gguf read.
#pragma once

#include <string>

#include "gguf/ggml_type.h"
#include "model/weights.h"

namespace mote::tools {

/// Writes a model with its tokenizer, tensor by tensor; the same text comes of it.
///   type  of matrices: F32, F16 or Q8_0 (F16 where 32 do not divide a row); vectors are F32
/// Returns the size of the file. What the user should know is appended to `notes`.
/// Errors: E_UNSUPPORTED (an architecture, activation, rule of rope or tokenizer that llama.cpp does not have), E_RANGE, E_IO.
uint64_t export_gguf(const std::string& path, const Weights& weights, const GgmlType& type, std::vector<std::string>& notes);

}  // namespace mote::tools
