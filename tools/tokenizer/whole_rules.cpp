// whole_rules: the conditions of Hugging Face's added tokens.
#include "tokenizer/whole_rules.h"

#include <algorithm>

namespace mote::tools {
namespace {

bool one_search_does(const std::vector<WholeRule>& rules) {
    for (const WholeRule& late : rules)
        for (const WholeRule& early : rules)
            if (late.normalized && !early.normalized && may_overlap(late.text, early.text)) return false;
    return std::none_of(rules.begin(), rules.end(), [](const WholeRule& rule) { return rule.flags; });
}

}  // namespace

bool may_overlap(std::string_view a, std::string_view b) {
    if (a.find(b) != std::string_view::npos || b.find(a) != std::string_view::npos) return true;
    for (size_t n = 1; n < std::min(a.size(), b.size()); n++)
        if (a.substr(a.size() - n) == b.substr(0, n) || b.substr(b.size() - n) == a.substr(0, n)) return true;
    return false;
}

uint32_t whole_flags(const JsonView& token) {
    uint32_t flags = 0;
    for (const auto& [key, flag] : {std::pair("single_word", whole_single_word), std::pair("lstrip", whole_strips_left), std::pair("rstrip", whole_strips_right)})
        if (const std::optional<JsonView> found = token.find(key); found && found->boolean()) flags |= flag;
    return flags;
}

void put_whole_rules(const std::vector<WholeRule>& rules, bool normalizes, TokenizerModel& model) {
    model.whole = rules;
    if (!normalizes && one_search_does(rules))
        for (WholeRule& rule : model.whole) rule.normalized = false;
    const auto plain = [&](const WholeRule& rule) { return !rule.flags && !rule.normalized && rule.text == model.pieces[rule.token]; };
    if (std::all_of(model.whole.begin(), model.whole.end(), plain)) model.whole.clear();
}

}  // namespace mote::tools
