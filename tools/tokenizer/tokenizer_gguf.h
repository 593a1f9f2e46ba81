// tokenizer_gguf: the tokenizer in the keys of a GGUF file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gguf/gguf_file.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// `tokenizer.ggml.model` is llama (SentencePiece's pairs by score), gpt2 (byte-level merges; `tokenizer.ggml.pre` names the split
/// rule), bert (WordPiece, lower-cased as llama.cpp does it) or t5 (Unigram, with SentencePiece's charsmap if there is one). What else would change an id is refused by name: E_UNSUPPORTED.
/// Errors also: E_MISSING, E_TYPE, E_EMPTY, E_LIMIT, E_MISMATCH (arrays of different lengths), E_TOKEN, E_SYNTAX, E_NONFINITE.
TokenizerModel import_tokenizer_gguf(const GgufFile& gguf, std::vector<std::string>& notes);

/// The text of `tokenizer.chat_template`, if there is one.
std::optional<std::string> chat_template_text(const GgufFile& gguf);

}  // namespace mote::tools
