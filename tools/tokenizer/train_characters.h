// train_characters: every character of a text a token.
#pragma once

#include <string>
#include <vector>

#include "model/tokenizer_model.h"
#include "tokenizer/train_words.h"

namespace mote::tools {

/// Ids: the control tokens, <unk>, the characters in the order of their code points; no merges, and no bytes, so that the
/// vocabulary is as small as the text's alphabet. Of more characters than `vocab` leaves room for, the most frequent stay.
/// Other characters become <unk> each, and decode leaves that out; U+2581 counts as a space, as in SentencePiece.
///   words  valid UTF-8
TokenizerModel train_characters(const std::vector<WordCount>& words, const std::vector<std::string>& specials, uint32_t vocab);

}  // namespace mote::tools
