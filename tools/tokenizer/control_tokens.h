// control_tokens: those that files add to a tokenizer that has its pieces from elsewhere: a SentencePiece model, a vocab.txt.
#pragma once

#include <vector>

#include "model/tokenizer_model.h"
#include "tokenizer/vocabulary.h"

namespace mote::tools {

/// Control tokens come behind the pieces. Files may name the model's own control tokens, and SentencePiece's user-defined symbols,
/// too. Errors: E_EMPTY, E_DUP, E_RANGE (a hole in the ids), E_UNSUPPORTED (tokens that every text is searched for: what becomes of
/// the text around them depends on the class and its version).
void add_control_tokens(std::vector<AddedToken> added, TokenizerModel& model);

}  // namespace mote::tools
