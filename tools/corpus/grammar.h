// grammar: texts with names in braces, each of which stands for one of several texts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mote::tools {

/// A sequence of numbers that a seed determines, the same everywhere (SplitMix64).
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t next();
    /// In [0, count); count >= 1.
    size_t below(size_t count) { return static_cast<size_t>(next() % count); }
    template <class T>
    const T& one_of(const std::vector<T>& choices) {
        return choices[below(choices.size())];
    }

private:
    uint64_t state_;
};

struct Rule {
    const char* name;
    std::vector<const char*> alternatives;
};

/// What names stand for throughout one text: heroes, places, things.
using Bindings = std::map<std::string, std::string, std::less<>>;

class Grammar {
public:
    explicit Grammar(const std::vector<Rule>& rules);

    /// Replaces each {name} by its binding, or else by one of its rule's alternatives, expanded likewise. {Name} is the same with
    /// a capital letter in front. A name that neither has is a mistake of ours.
    std::string expand(std::string_view text, const Bindings& bindings, Random& random) const;

private:
    std::map<std::string, std::vector<const char*>, std::less<>> rules_;
};

}  // namespace mote::tools
