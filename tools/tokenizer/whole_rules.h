// whole_rules: how the tokens that a tokenizer looks for by their own text are found.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// "single_word", "lstrip" and "rstrip" of an added token, as flags of SPEC 6.7.
uint32_t whole_flags(const JsonView& token);

/// Whether some text holds both in such a way that they share a byte.
bool may_overlap(std::string_view a, std::string_view b);

/// Gives a model the rules of all its control and added tokens; none, where the lists of both say the same. `normalizes` says whether
/// text differs at all once it is normalized: where not, and where no condition hangs on it, one search does for both kinds.
void put_whole_rules(const std::vector<WholeRule>& rules, bool normalizes, TokenizerModel& model);

}  // namespace mote::tools
