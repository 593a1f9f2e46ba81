// tokenizer_llama2c: tokenizer.bin of llama2.c: SentencePiece pieces with scores, in order of id.
#pragma once

#include <string_view>

#include "base/files.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// Ids 0, 1, 2 are unknown, begin and end; 3 to 258 the bytes; what follows merges by score.
/// Errors: E_TRUNC, E_RANGE, E_NONFINITE, E_TOKEN, E_LIMIT.
TokenizerModel import_tokenizer_llama2c(const MappedFile& file, std::vector<std::string>& notes);

/// Whether pieces with their lengths fill the file exactly, as in no checkpoint.
bool is_tokenizer_llama2c(std::string_view bytes);

}  // namespace mote::tools
