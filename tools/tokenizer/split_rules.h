// split_rules: the regular expressions and names by which files mean the rules that core has.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/char_class.h"

namespace mote::tools {

/// A rule, with what it means by letters and so on.
struct SplitRule {
    PreTokenizer stages = PreTokenizer::none;
    CharSets sets;
};

/// The rule of a regular expression that cuts out its matches, and leaves what lies between as pieces. Nothing if core has none.
std::optional<SplitRule> rule_of_pattern(std::string_view regex);

/// The rule that a GGUF file names in `tokenizer.ggml.pre`.
std::optional<SplitRule> rule_of_name(std::string_view name);

/// Adds stages that work within the pieces of those before. False if there are too many, or if the two mean different characters.
bool append(SplitRule& rule, const SplitRule& stages);

}  // namespace mote::tools
