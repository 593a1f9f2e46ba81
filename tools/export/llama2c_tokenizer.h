// llama2c_tokenizer: a tokenizer as llama2.c's tokenizer.bin.
#pragma once

#include <string>
#include <vector>

#include "model/tokenizer_model.h"

namespace mote::tools {

/// The bytes of the file: pieces with scores in order of id, as many as the model has tokens.
///   vocab  tokens of the model; those that the tokenizer lacks get names of their own
/// Errors: E_UNSUPPORTED (by the name of what llama2.c does otherwise: it has bytes at 3 to 258, a space in front of the text, and merges by
/// score).
std::string written_llama2c_tokenizer(const TokenizerModel& model, uint32_t vocab, const std::string& source, std::vector<std::string>& notes);

}  // namespace mote::tools
