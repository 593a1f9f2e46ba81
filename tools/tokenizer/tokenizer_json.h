// tokenizer_json: tokenizer.json of Hugging Face tokenizers, in the two forms of byte-pair encoding that core runs.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// Byte-level (ByteLevel with GPT-2's split rule, or none), or SentencePiece-like (U+2581 for spaces, byte fallback).
/// Every part of the pipeline that would change an id and is not one of these is refused by name: E_UNSUPPORTED.
/// Errors also: E_MISSING, E_TYPE, E_EMPTY, E_RANGE, E_DUP, E_SYNTAX, E_TOKEN, E_LIMIT, E_MISMATCH.
TokenizerModel import_tokenizer_json(const JsonView& root, std::vector<std::string>& notes);

}  // namespace mote::tools
