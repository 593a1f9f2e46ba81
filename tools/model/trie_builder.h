// trie_builder: the tries of a tokenizer section (SPEC 6.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mote::tools {

/// Collects strings with their numbers; equal ends are stored once. Numbers are below max_trie_units.
class TrieBuilder {
public:
    TrieBuilder();

    /// A string that is not empty. One that is there already keeps its number; false then.
    bool add(std::string_view text, uint32_t value);
    /// The UTF-8 of every code point from `first` to `last`, none of which may have been added; surrogates are left out.
    void add_range(uint32_t first, uint32_t last, uint32_t value);

    uint32_t longest() const { return longest_; }
    bool empty() const { return nodes_[0].children.empty(); }

    /// The units. Nothing if there are more than max_trie_units.
    std::vector<uint32_t> build() const;

private:
    struct Node {
        std::vector<std::pair<uint8_t, uint32_t>> children{};  // label, index of the node; ascending
        uint32_t value;
        bool shared;  // by many parents: nothing may be added below it
    };

    uint32_t child(uint32_t node, uint8_t label);
    void link(uint32_t node, uint8_t label, uint32_t below);
    uint32_t full_block(uint32_t value, uint32_t levels);
    std::vector<uint32_t> smallest(std::vector<Node>& distinct) const;

    std::vector<Node> nodes_;
    std::unordered_map<uint64_t, uint32_t> blocks_;  // value << 2 | levels, and its node
    uint32_t longest_ = 0;
};

}  // namespace mote::tools
