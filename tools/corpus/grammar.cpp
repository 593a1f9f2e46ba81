// grammar: expansion from left to right.
#include "corpus/grammar.h"

#include <stdexcept>

namespace mote::tools {
namespace {

constexpr bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

void capitalize(std::string& text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
}

}  // namespace

uint64_t Random::next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

Grammar::Grammar(const std::vector<Rule>& rules) {
    for (const Rule& rule : rules) rules_[rule.name] = rule.alternatives;
}

// The depth is that of the rules, which are ours and do not name themselves.
std::string Grammar::expand(std::string_view text, const Bindings& bindings, Random& random) const {
    std::string out;
    for (size_t open; (open = text.find('{')) != std::string_view::npos;) {
        const size_t close = text.find('}', open);
        out += text.substr(0, open);
        std::string name(text.substr(open + 1, close - open - 1));
        text.remove_prefix(close + 1);
        const bool capital = is_capital(name[0]);
        if (capital) name[0] = static_cast<char>(name[0] - 'A' + 'a');
        const auto bound = bindings.find(name);
        const auto rule = rules_.find(name);
        if (bound == bindings.end() && rule == rules_.end()) throw std::logic_error("no rule for {" + name + "}");
        std::string chosen = bound != bindings.end() ? bound->second : expand(random.one_of(rule->second), bindings, random);
        if (capital) capitalize(chosen);
        out += chosen;
    }
    return out.append(text);
}

}  // namespace mote::tools
