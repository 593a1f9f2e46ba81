// whole_tokens: the tries of SPEC 6.7, and the characters around what they find.
#include "whole_tokens.h"

#include "trie.h"
#include "utf8.h"

namespace mote {
namespace {

// Unicode's White_Space, which no version has changed since 6.3.
bool is_white(uint32_t c) {
    if (c < 0x85) return c == ' ' || (c >= '\t' && c <= '\r');
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

// The character that ends at `at`, which is not 0.
Character last_character(Span<const char> text, size_t at) {
    for (uint32_t bytes = 1; bytes <= 4 && bytes <= at; bytes++) {
        const Character c = first_character(text.data + (at - bytes), bytes);
        if (c.code != invalid_character && c.bytes == bytes) return c;
    }
    return {invalid_character, 1};
}

bool is_word(const Tokenizer& t, uint32_t code) {
    const WholeTables& tables = *whole_tables_of(t);
    const uint32_t* words = reinterpret_cast<const uint32_t*>(t.section + tables.words);
    return code != invalid_character && (words[class_entry(words, tables.words_count, code)] & 0xff);
}

// Where the white space in front of `at` begins, and where that from `at` on ends.
size_t white_begin(Span<const char> text, size_t at) {
    while (at) {
        const Character c = last_character(text, at);
        if (!is_white(c.code)) break;
        at -= c.bytes;
    }
    return at;
}

size_t white_end(Span<const char> text, size_t at) {
    while (at < text.count) {
        const Character c = first_character(text.data + at, text.count - at);
        if (!is_white(c.code)) break;
        at += c.bytes;
    }
    return at;
}

}  // namespace

size_t whole_token_of(const Tokenizer& t, const WholeTrie& trie, Span<const char> text, size_t at, size_t open, WholeToken& token) {
    if (trie.longest == 0) return 0;
    const Trie texts = trie_at(t, trie.units);
    const uint32_t* tokens = reinterpret_cast<const uint32_t*>(t.section + whole_tables_of(t)->tokens);
    const size_t room = text.count - at;
    size_t longest = 0;
    uint32_t unit = texts.root();
    for (size_t n = 0; n < room && n < trie.longest && texts.step(unit, text[at + n]);) {
        n++;
        const uint32_t value = texts.value(unit);
        if (value == no_token || (n > open && is_special(t, tokens[value] >> 8))) continue;
        token = {tokens[value] >> 8, tokens[value] & 0xff};
        longest = n;
    }
    return longest;
}

bool takes_place(const Tokenizer& t, uint32_t flags, Span<const char> text, size_t& begin, size_t& end) {
    if (flags & whole_single_word) {
        if (begin && is_word(t, last_character(text, begin).code)) return false;
        if (end < text.count && is_word(t, first_character(text.data + end, text.count - end).code)) return false;
    }
    if (flags & whole_strips_left) begin = white_begin(text, begin);
    if (flags & whole_strips_right) end = white_end(text, end);
    return true;
}

}  // namespace mote
