// control_tokens: those that files add to a tokenizer that has its pieces from elsewhere: a SentencePiece model, a vocab.txt; and those that a
// model has no use for.
#pragma once

#include <string>
#include <vector>

#include "model/tokenizer_model.h"
#include "tokenizer/vocabulary.h"

namespace mote::tools {

/// Control tokens come behind the pieces. Files may name the model's own control tokens, and SentencePiece's user-defined symbols,
/// too. Errors: E_EMPTY, E_DUP, E_RANGE (a hole in the ids), E_UNSUPPORTED (tokens that every text is searched for: what becomes of
/// the text around them depends on the class and its version).
void add_control_tokens(std::vector<AddedToken> added, TokenizerModel& model);

/// Takes away the tokens from `vocab` on and returns their texts, if all are control tokens and none is bos, eos or unk, such as a <pad> that
/// a model was never trained with. Else it leaves everything as it is, and returns none.
std::vector<std::string> leave_out_control_tokens(size_t vocab, TokenizerModel& model);

}  // namespace mote::tools
