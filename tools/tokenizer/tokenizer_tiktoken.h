// tokenizer_tiktoken: rank files, "base64 of the bytes, space, rank" a line.
#pragma once

#include "base/files.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// Whether a text begins as a rank file does.
bool is_tiktoken(std::string_view text);

/// A rank file as a byte-pair tokenizer with ids equal to ranks. The file holds neither split rule nor control tokens; they are known
/// for files of 50256 (GPT-2), 100256 (cl100k), 128000 (Llama 3) and 151643 tokens (Qwen).
/// Errors: E_UNSUPPORTED (another number of tokens), E_SYNTAX, E_DUP, E_RANGE, E_LIMIT, E_MISSING (a byte without a token).
TokenizerModel import_tokenizer_tiktoken(const MappedFile& file);

}  // namespace mote::tools
