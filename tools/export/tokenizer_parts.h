// tokenizer_parts: what other programs' files must have words for, and merges as the scores that SentencePiece's formats have instead.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/tokenizer_model.h"

namespace mote::tools {

/// The name of what a flag of the model's asks for, of those that are not among `known`; nothing if there is none.
std::optional<std::string> part_beyond_flags(const TokenizerModel& model, uint32_t known);

/// The name of what pairs of characters by score do not do; nothing if such a format can say the tokenizer.
std::optional<std::string> part_beyond_scores(const TokenizerModel& model);

/// Which byte each token is the name of, or -1.
std::vector<int> bytes_of(const TokenizerModel& model);

/// A token's score is the first of the ranks of its merges, negative. Tokens that no pair makes have 0.
std::vector<float> scores_of(const TokenizerModel& model, size_t tokens);

/// Whether merging any two neighbours whose texts together are a token, the best score first, is what the model's merges do.
bool merges_by_score(const TokenizerModel& model);

}  // namespace mote::tools
