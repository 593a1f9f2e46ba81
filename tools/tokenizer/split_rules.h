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

/// An expression that rule_of_pattern reads as this one stage. Nothing if there is none.
std::optional<std::string> pattern_of(PreTokenizer stage, const CharSets& sets);

/// What a GGUF file means by a name in `tokenizer.ggml.pre`.
struct NamedRule : SplitRule {
    bool whole_words = false;  // a word that is a token is not merged
    bool begins = false;       // the begin token stands in front unless the file says otherwise
};
std::optional<NamedRule> rule_of_name(std::string_view name);

/// The name by which a GGUF file means a rule. Nothing if llama.cpp has none.
std::optional<std::string> name_of_rule(const SplitRule& rule, bool whole_words);

/// Whether two rules cut every text alike: the same stages, which mean the same characters.
bool same_rule(const SplitRule& a, const SplitRule& b);

/// Adds stages that work within the pieces of those before. False if there are too many, or if the two mean different characters.
bool append(SplitRule& rule, const SplitRule& stages);

}  // namespace mote::tools
