// gguf_tokenizer: a tokenizer as the keys of a GGUF file.
#pragma once

#include "gguf/gguf_writer.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// Byte-level merges become `gpt2`, characters that merge by score `llama`, WordPiece `bert`, Unigram `t5`.
///   vocab  tokens of the model; those that the tokenizer lacks are written as unused
/// U+2581 in a text is a space for llama.cpp, whatever the tokenizer says; where else llama.cpp computes something else, a note says so.
/// Errors: E_UNSUPPORTED (by the name of what llama.cpp has no word for), E_DUP (two tokens that the file would write alike).
void write_tokenizer(const TokenizerModel& model, uint32_t vocab, const std::string& source, GgufWriter& gguf,
                     std::vector<std::string>& notes);

}  // namespace mote::tools
