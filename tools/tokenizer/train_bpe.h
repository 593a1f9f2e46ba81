// train_bpe: byte-level byte-pair encoding learnt from word counts.
#pragma once

#include <string>
#include <vector>

#include "model/tokenizer_model.h"
#include "tokenizer/train_words.h"

namespace mote::tools {

/// Ids: the control tokens, the 256 bytes in the order of their alphabet (bpe.h), then what each merge makes. The first
/// control token ends a text.
TokenizerModel byte_tokenizer(const std::vector<std::string>& specials);

/// A byte tokenizer that splits words by the rule of GPT-2, with merges (merge_learner.h) up to `vocab` tokens, or as many as the words allow.
/// Shows progress. Throws Failure when interrupted.
///   vocab  at least 256 + specials
TokenizerModel train_bpe(const std::vector<WordCount>& words, const std::vector<std::string>& specials, uint32_t vocab);

}  // namespace mote::tools
