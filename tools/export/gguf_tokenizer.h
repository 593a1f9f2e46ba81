// gguf_tokenizer: a tokenizer as the keys of a GGUF file.
#pragma once

#include "gguf/gguf_writer.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// Byte-level merges become `gpt2`, characters that merge by score `llama`.
///   vocab  tokens of the model; those that the tokenizer lacks are written as unused
/// Errors: E_UNSUPPORTED (a tokenizer that llama.cpp has no name for), E_DUP (two tokens that the file would write alike).
void write_tokenizer(const TokenizerModel& model, uint32_t vocab, const std::string& source, GgufWriter& gguf,
                     std::vector<std::string>& notes);

}  // namespace mote::tools
