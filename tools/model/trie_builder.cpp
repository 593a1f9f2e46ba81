// trie_builder: a tree of nodes becomes a graph of distinct ones, and that a double array (Aoe, "An Efficient Digital Search
// Algorithm by Using a Double-Array Structure", 1989) whose units check labels, so that nodes may be shared.
#include "model/trie_builder.h"

#include <algorithm>
#include <bitset>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "base/utf8.h"
#include "mote/format.h"

namespace mote::tools {
namespace {

constexpr uint32_t block_units = 512;  // one for every label
constexpr uint32_t free_unit = trie_label;

// Places nodes in blocks of units, into the first gap that all children of a node fit.
class Placement {
public:
    Placement() { add_block(); }

    /// The base at which every `base ^ label` is free, now taken. The blocks tried last are the emptiest.
    uint32_t place(const std::vector<uint32_t>& labels) {
        for (size_t i = 0; i < open_.size(); i++) {
            Block& block = blocks_[open_[i]];
            for (uint32_t base = 0; base < block_units; base++)
                if (fits(block, base, labels)) return take(open_[i], base, labels);
            if (labels.size() == 1 || ++block.refusals > most_refusals) open_.erase(open_.begin() + std::ptrdiff_t(i--));
        }
        add_block();
        return place(labels);
    }
    uint32_t units() const { return static_cast<uint32_t>(blocks_.size()) * block_units; }

private:
    static constexpr uint32_t most_refusals = 64;

    struct Block {
        std::bitset<block_units> units{}, bases{};
        uint32_t refusals = 0;
    };

    static bool fits(const Block& block, uint32_t base, const std::vector<uint32_t>& labels) {
        if (block.bases[base]) return false;
        return std::none_of(labels.begin(), labels.end(), [&](uint32_t label) { return block.units[base ^ label]; });
    }
    uint32_t take(uint32_t index, uint32_t base, const std::vector<uint32_t>& labels) {
        for (const uint32_t label : labels) blocks_[index].units.set(base ^ label);
        blocks_[index].bases.set(base);
        return index * block_units + base;
    }
    void add_block() {
        open_.push_back(static_cast<uint32_t>(blocks_.size()));
        blocks_.emplace_back();
        if (blocks_.size() == 1) blocks_[0].units.set(0);  // the root's unit
    }

    std::vector<Block> blocks_;
    std::vector<uint32_t> open_;
};

}  // namespace

TrieBuilder::TrieBuilder() { nodes_.push_back({{}, no_token, false}); }

uint32_t TrieBuilder::child(uint32_t node, uint8_t label) {
    const auto& children = nodes_[node].children;
    const auto found = std::lower_bound(children.begin(), children.end(), std::make_pair(label, uint32_t(0)));
    if (found != children.end() && found->first == label) return found->second;
    const uint32_t below = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back({{}, no_token, false});
    link(node, label, below);
    return below;
}

void TrieBuilder::link(uint32_t node, uint8_t label, uint32_t below) {
    auto& children = nodes_[node].children;
    const auto place = std::lower_bound(children.begin(), children.end(), std::make_pair(label, uint32_t(0)));
    children.insert(place, {label, below});
}

bool TrieBuilder::add(std::string_view text, uint32_t value) {
    uint32_t node = 0;
    for (const char& c : text) {
        node = child(node, static_cast<uint8_t>(c));
        if (nodes_[node].shared) throw Failure(Exit::internal, "E_STATE", "", std::nullopt, "a rule begins within a range of characters");
    }
    if (nodes_[node].value != no_token) return false;
    nodes_[node].value = value;
    longest_ = std::max(longest_, static_cast<uint32_t>(text.size()));
    return true;
}

// All continuation bytes, `levels` deep, with one value.
uint32_t TrieBuilder::full_block(uint32_t value, uint32_t levels) {
    const uint64_t key = uint64_t(value) << 2 | levels;
    if (const auto known = blocks_.find(key); known != blocks_.end()) return known->second;
    Node node{{}, levels ? no_token : value, true};
    if (levels) {
        const uint32_t below = full_block(value, levels - 1);
        for (uint32_t byte = 0x80; byte < 0xc0; byte++) node.children.emplace_back(static_cast<uint8_t>(byte), below);
    }
    nodes_.push_back(node);
    return blocks_[key] = static_cast<uint32_t>(nodes_.size() - 1);
}

void TrieBuilder::add_range(uint32_t first, uint32_t last, uint32_t value) {
    for (uint32_t code = first; code <= last;) {
        if (code >= 0xd800 && code <= 0xdfff) {
            code = 0xe000;
            continue;
        }
        const std::string text = utf8(code);
        uint32_t levels = 0;  // of continuation bytes that may be anything
        while (levels + 1 < text.size()) {
            const uint32_t size = 1u << 6 * (levels + 1);
            const bool whole = code % size == 0 && last - code >= size - 1 && utf8(code + size - 1).size() == text.size();
            const bool surrogates = code < 0xe000 && code + size > 0xd800;
            if (!whole || surrogates) break;
            levels++;
        }
        uint32_t node = 0;
        for (size_t i = 0; i + levels + 1 < text.size(); i++) node = child(node, static_cast<uint8_t>(text[i]));
        link(node, static_cast<uint8_t>(text[text.size() - levels - 1]), full_block(value, levels));
        longest_ = std::max(longest_, static_cast<uint32_t>(text.size()));
        code += 1u << 6 * levels;
    }
}

// Nodes with the same value and the same children become one. Returns the index in `distinct` of every node.
std::vector<uint32_t> TrieBuilder::smallest(std::vector<Node>& distinct) const {
    constexpr uint32_t unseen = no_token;
    std::vector<uint32_t> same_as(nodes_.size(), unseen), open(1, 0);
    std::unordered_map<std::string, uint32_t> known;
    while (!open.empty()) {
        const uint32_t index = open.back();
        const Node& node = nodes_[index];
        const size_t before = open.size();
        for (const auto& [label, below] : node.children)
            if (same_as[below] == unseen) open.push_back(below);
        if (open.size() != before) continue;  // children first
        open.pop_back();
        if (same_as[index] != unseen) continue;
        Node smaller{node.children, node.value, false};
        std::string content(reinterpret_cast<const char*>(&node.value), sizeof node.value);
        for (auto& [label, below] : smaller.children) {
            below = same_as[below];
            content += static_cast<char>(label);
            content.append(reinterpret_cast<const char*>(&below), sizeof below);
        }
        const auto [found, is_new] = known.emplace(std::move(content), static_cast<uint32_t>(distinct.size()));
        if (is_new) distinct.push_back(std::move(smaller));
        same_as[index] = found->second;
    }
    return same_as;
}

std::vector<uint32_t> TrieBuilder::build() const {
    std::vector<Node> nodes;
    const uint32_t root = smallest(nodes)[0];
    Placement placement;
    std::vector<uint32_t> base(nodes.size(), 0);
    std::vector<uint32_t> order(nodes.size());
    for (uint32_t i = 0; i < nodes.size(); i++) order[i] = i;
    // Nodes with many children first: they are the hardest to place.
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return nodes[a].children.size() > nodes[b].children.size(); });
    for (const uint32_t i : order) {
        if (nodes[i].children.empty()) continue;
        std::vector<uint32_t> labels;
        if (nodes[i].value != no_token) labels.push_back(0);
        for (const auto& [label, below] : nodes[i].children) labels.push_back(label + 1u);
        base[i] = placement.place(labels);
        if (placement.units() > max_trie_units) return {};
    }
    const auto unit_of = [&](uint32_t node, uint32_t label) {
        if (nodes[node].children.empty()) return nodes[node].value << trie_shift | trie_leaf | label;
        return base[node] << trie_shift | (nodes[node].value != no_token ? trie_valued : 0) | label;
    };
    std::vector<uint32_t> units(placement.units(), free_unit);
    for (uint32_t i = 0; i < nodes.size(); i++) {
        if (nodes[i].children.empty()) continue;
        if (nodes[i].value != no_token) units[base[i]] = nodes[i].value << trie_shift;
        for (const auto& [label, below] : nodes[i].children) units[base[i] ^ (label + 1u)] = unit_of(below, label + 1u);
    }
    units[0] = unit_of(root, trie_label);
    return units;
}

}  // namespace mote::tools
