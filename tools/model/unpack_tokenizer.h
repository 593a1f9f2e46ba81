// unpack_tokenizer: the tokenizer of a packed model in the form that importers make and exporters take.
#pragma once

#include <string>

#include "model/tokenizer_model.h"
#include "mote/tokenizer.h"

namespace mote::tools {

/// What `pack_tokenizer` turns into the same section again: pieces, rules, chat template. Needs a tokenizer.
/// Errors: E_LIMIT (a trie of more strings than any tokenizer has).
TokenizerModel unpack_tokenizer(const Tokenizer& tokenizer, const std::string& source);

}  // namespace mote::tools
