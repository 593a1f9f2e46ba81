// tokenizer_gpt2: vocab.json and merges.txt, byte-level with the split rule of GPT-2 or of the class that a configuration names.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "tokenizer/special_tokens.h"

namespace mote::tools {

/// Control tokens are those that `special` names, and <|endoftext|>; its added tokens join the vocabulary.
/// Errors: E_EMPTY, E_TYPE, E_RANGE, E_DUP, E_SYNTAX, E_UTF8, E_TOKEN, E_LIMIT, E_MISSING (a byte without token, and no unknown
/// one), E_UNSUPPORTED (tokenizer_class is another than GPT-2's, CodeGen's and Qwen2's).
TokenizerModel import_tokenizer_gpt2(const JsonView& vocab, const std::string& merges_file, const SpecialTokens& special,
                                     std::vector<std::string>& notes);

}  // namespace mote::tools
