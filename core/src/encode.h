// encode.h: what the encoders of each kind of tokenizer share. encode.cpp deals with control tokens and calls them.
#pragma once

#include "checked.h"
#include "tokenizer_tables.h"

namespace mote {

/// A word that came before, and the tokens it became: a line of a cache.
struct SeenWord {
    static constexpr uint32_t most_bytes = 22, most_tokens = 9;

    uint8_t bytes;              // 0: none
    uint8_t tokens;
    char text[most_bytes];
    float margin;               // Unigram: by how much this path was better than any other
    uint32_t ids[most_tokens];
};
static_assert(sizeof(SeenWord) == 64);

/// A text on its way to tokens.
struct Encoder {
    const Tokenizer& t;
    Span<char> formed;          // room for text in the normal form
    Span<char> normalized;      // and for normalized text
    uint32_t* scratch;          // what the kind of tokenizer needs, as far as there are no seen words
    size_t scratch_words;
    SeenWord* seen;             // [seen_count], a power of two, not 1; by a hash of the word. They lie behind the scratch, or with the caller
    size_t seen_count;
    bool seen_in_scratch;
    Span<uint32_t> out;
    size_t written = 0;         // tokens; those past the end of `out` are only counted
    Fault fault{};

    void emit(uint32_t token) {
        if (written < out.count) out[written] = token;
        written++;
    }
    /// A word that needs more scratch than there is takes that of the words seen, which are forgotten.
    void want_scratch(size_t words) {
        if (words <= scratch_words || !seen_in_scratch) return;
        scratch_words += seen_count * (sizeof(SeenWord) / sizeof(uint32_t));
        seen_count = 0;
    }
};

inline bool holds(const SeenWord& seen, Span<const char> word) {
    if (seen.bytes != word.count) return false;
    for (size_t i = 0; i < word.count; i++)
        if (seen.text[i] != word[i]) return false;
    return true;
}

/// Where a word is remembered, or would be, without bytes then: each has two places, of which the one that was filled first is given up;
/// one in the smallest builds. Null if it is too long, or nothing is remembered.
inline SeenWord* place_of(const Encoder& e, Span<const char> word) {
    if (e.seen_count == 0 || word.count > SeenWord::most_bytes) return nullptr;
    uint32_t hash = 0x811c9dc5;  // FNV-1a
    for (const char& c : word) hash = (hash ^ uint8_t(c)) * 0x01000193u;
    SeenWord* places = &e.seen[(hash ^ hash >> 15) & (e.seen_count - (only_pairs ? 1 : 2))];
    if (holds(places[0], word)) return &places[0];
    if (!only_pairs) {
        if (holds(places[1], word)) return &places[1];
        places[1] = places[0];
    }
    places[0].bytes = 0;
    return &places[0];
}

/// The end of the word that begins at `begin`, where each space begins one.
inline size_t word_end(Span<const char> text, size_t begin) {
    size_t end = begin + 1;
    while (end < text.count && text[end] != ' ') end++;
    return end;
}

/// Remembers the tokens written since `first`, if there is room for them.
void remember(const Encoder& encoder, SeenWord& seen, Span<const char> word, size_t first, float margin);

/// A stretch of text without control tokens. `where`: of its first byte in the whole text.
struct Stretch {
    Span<const char> text;
    uint64_t where;
    bool space_before;  // a space that is not in the text counts as its first character
};

/// Each appends the tokens of a stretch, or sets `fault`. Unigram and WordPiece have their space in the text.
void encode_bpe(Encoder& encoder, const Stretch& stretch);
void encode_unigram(Encoder& encoder, Span<const char> text);
void encode_wordpiece(Encoder& encoder, Span<const char> text);

/// Bytes of scratch for a normalized text of that many bytes; WordPiece needs none.
Size bpe_scratch(Size text_bytes);
Size unigram_scratch(const Tokenizer& t, Size text_bytes);

/// Whether every byte of a text has a token of its own.
bool covers_bytes(const Tokenizer& t, Span<const char> text);

}  // namespace mote
