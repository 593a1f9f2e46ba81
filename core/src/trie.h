// trie: a map from byte strings to numbers, read where it lies. One load and one comparison a byte.
#pragma once

#include "tokenizer_tables.h"

namespace mote {

/// A checked trie of SPEC 6.4. The state of a walk is a unit, so that a step reads one word.
struct Trie {
    const uint32_t* units;

    uint32_t root() const { return units[0]; }

    /// Goes on by one byte; false if no string does.
    bool step(uint32_t& unit, char byte) const {
        if (unit & trie_leaf) return false;
        const uint32_t label = uint8_t(byte) + 1u, next = units[(unit >> trie_shift) ^ label];
        if ((next & trie_label) != label) return false;
        unit = next;
        return true;
    }

    /// The number of the string that ends here; no_token if none does.
    uint32_t value(uint32_t unit) const {
        if (unit & trie_leaf) return unit >> trie_shift;
        return unit & trie_valued ? units[unit >> trie_shift] >> trie_shift : no_token;
    }
};

inline Trie trie_at(const Tokenizer& t, uint32_t offset) { return Trie{reinterpret_cast<const uint32_t*>(t.section + offset)}; }

/// The longest string of a trie that a text begins with; `bytes` 0: none.
struct Match {
    uint32_t value;
    uint32_t bytes;
};

/// Looks no further than `longest` bytes, so that a walk ends whatever the units say.
inline Match longest_match(const Trie& trie, Span<const char> text, uint32_t longest) {
    Match best{no_token, 0};
    uint32_t unit = trie.root();
    for (uint32_t n = 0; n < text.count && n < longest && trie.step(unit, text[n]);) {
        n++;
        const uint32_t value = trie.value(unit);
        if (value != no_token) best = {value, n};
    }
    return best;
}

}  // namespace mote
