// train_wordpiece: a WordPiece vocabulary learnt from word counts.
#pragma once

#include <string>
#include <vector>

#include "model/tokenizer_model.h"
#include "tokenizer/train_words.h"

namespace mote::tools {

/// Ids: [PAD] [UNK] [CLS] [SEP] [MASK]; every character, in the order of their bytes; those that stand within words, with ##; then what merges
/// (merge_learner.h) of these make, as in Hugging Face's trainer. Words are normalized and cut as BERT's are; a word that stood between two
/// cuts of GPT-2's rule is learnt apart, so that digits are apart from letters.
///   vocab  tokens at most
/// Errors: E_ARG (`vocab` does not hold the characters), E_EMPTY (no words).
TokenizerModel train_wordpiece(const std::vector<WordCount>& words, uint32_t vocab);

/// The text of the vocab.txt of a WordPiece model: a piece a line.
std::string vocab_txt(const TokenizerModel& model);

}  // namespace mote::tools
