// write_charsmap: texts in order become the nodes of a tree, and its nodes, level by level, units of a darts-clone double array.
#include "tokenizer/write_charsmap.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"

namespace mote::tools {
namespace {

using Rules = std::map<std::string, std::string>;

constexpr size_t max_rules = 1000000;
constexpr uint32_t value_bit = 0x80000000u, has_value = 0x100u, distance_shift = 10, max_units = 1u << 21;  // so many a distance counts
constexpr uint32_t free_unit = 0xffffffff;  // a value, which no byte leads to, of no replacement

std::string replaced(const NormalizationRule& rule, const std::string& from) {
    if (rule.how == NormalizationRule::To::itself) return from;
    return rule.how == NormalizationRule::To::itself_alone ? " " + from + " " : rule.to;
}

// Of equal texts the first counts, and rules come before ranges.
Rules rules_of(const Normalizer& normalizer, const std::string& file) {
    Rules rules;
    const auto add = [&](const std::string& from, const NormalizationRule& rule) {
        const std::string to = replaced(rule, from);
        if (from.find('\0') != std::string::npos || to.find('\0') != std::string::npos)
            refuse("E_UNSUPPORTED", file, "a rule of the normalizer has a NUL, for which precompiled_charsmap has no room");
        if (rules.size() == max_rules) refuse("E_LIMIT", file, "more than " + std::to_string(max_rules) + " rules for precompiled_charsmap");
        rules.emplace(from, to);
    };
    for (const NormalizationRule& rule : normalizer.rules) add(rule.from, rule);
    for (const NormalizationRange& range : normalizer.ranges)
        for (uint32_t c = range.first; c <= range.last; c++)
            if (c < 0xd800 || c > 0xdfff) add(utf8(c), range.rule);
    return rules;
}

// Children of a node are at its base XOR their byte, its value at its base; a unit stores its distance to its base.
class DoubleArray {
public:
    explicit DoubleArray(const std::string& file) : file_(file) { grow(); }

    /// The texts from `begin` to `end`, which agree in their first `depth` bytes, below the unit `at`.
    void put(Rules::const_iterator begin, Rules::const_iterator end, size_t depth, uint32_t at, const std::map<std::string, uint32_t>& places) {
        const bool ends = begin->first.size() == depth;
        std::vector<std::pair<uint8_t, std::pair<Rules::const_iterator, Rules::const_iterator>>> children;
        for (auto from = ends ? std::next(begin) : begin; from != end;) {
            auto to = from;
            while (to != end && to->first[depth] == from->first[depth]) ++to;
            children.push_back({static_cast<uint8_t>(from->first[depth]), {from, to}});
            from = to;
        }
        std::vector<uint8_t> labels(ends ? 1 : 0, 0);
        for (const auto& child : children) labels.push_back(child.first);
        const uint32_t base = place(labels);
        for (const uint8_t label : labels) units_[base ^ label] = label;
        if (ends) units_[base] = value_bit | places.at(begin->second);
        units_[at] |= (at ^ base) << distance_shift | (ends ? has_value : 0);
        for (const auto& [label, texts] : children) put(texts.first, texts.second, depth + 1, base ^ label, places);
    }
    const std::vector<uint32_t>& units() const { return units_; }

private:
    static constexpr uint32_t block = 256;

    void grow() {
        if (units_.size() == max_units) refuse("E_LIMIT", file_, "more than " + std::to_string(max_units) + " units in precompiled_charsmap");
        units_.resize(units_.size() + block, free_unit);
        bases_.resize(units_.size());
        if (units_.size() == block) units_[0] = 0;  // the root
    }
    // Looks through the last blocks alone: those before them are nearly full.
    uint32_t place(const std::vector<uint8_t>& labels) {
        constexpr uint32_t blocks = 4;
        for (uint32_t base = units_.size() > blocks * block ? uint32_t(units_.size()) - blocks * block : 0;; base++) {
            if (base == units_.size()) grow();
            const auto taken = [&](uint8_t label) { return units_[base ^ label] != free_unit; };
            if (bases_[base] || std::any_of(labels.begin(), labels.end(), taken)) continue;
            bases_[base] = 1;  // with two nodes at one base, each would have the other's children
            return base;
        }
    }

    const std::string& file_;
    std::vector<uint32_t> units_{};
    std::vector<uint8_t> bases_{};
};

}  // namespace

std::string charsmap_of(const Normalizer& normalizer, const std::string& file) {
    const Rules rules = rules_of(normalizer, file);
    if (rules.empty()) return "";
    std::map<std::string, uint32_t> places;
    std::string replacements;
    for (const auto& [from, to] : rules) {
        if (!places.emplace(to, static_cast<uint32_t>(replacements.size())).second) continue;
        replacements += to + '\0';
    }
    DoubleArray array(file);
    array.put(rules.begin(), rules.end(), 0, 0, places);
    const uint32_t bytes = static_cast<uint32_t>(array.units().size() * sizeof(uint32_t));
    return std::string(reinterpret_cast<const char*>(&bytes), sizeof bytes) +
           std::string(reinterpret_cast<const char*>(array.units().data()), bytes) + replacements;
}

}  // namespace mote::tools
