// train_unigram: pieces with probabilities, learnt from word counts by SentencePiece's library.
#pragma once

#include <string>
#include <vector>

#include "model/tokenizer_model.h"
#include "tokenizer/train_words.h"

namespace mote::tools {

/// Ids: the control tokens, <unk>, the 256 bytes, then pieces by descending probability. Any text is encoded: characters without a piece
/// become their bytes. Spaces stay as they are, and no text is normalized. Words with a tab, a line end, a NUL or U+2581 teach nothing:
/// their characters are bytes. The first control token ends a text.
///   vocab  tokens at most; at least 258 + specials and a few characters
/// Errors: E_ARG (the text has more characters than `vocab` has room for, or too little text).
/// Source: Kudo, "Subword Regularization", 2018.
TokenizerModel train_unigram(const std::vector<WordCount>& words, const std::vector<std::string>& specials, uint32_t vocab);

}  // namespace mote::tools
