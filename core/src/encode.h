// encode.h: what the encoders of each kind of tokenizer share. encode.cpp deals with control tokens and calls them.
#pragma once

#include "tokenizer_tables.h"

namespace mote {

constexpr size_t words_per_symbol = 5;  // of scratch, u32

/// A word that came before, and the tokens it became.
struct SeenWord {
    uint32_t begin, bytes;      // in the text; bytes 0: none
    uint32_t token, tokens;     // in `out`
};

/// A text on its way to tokens.
struct Encoder {
    const Tokenizer& t;
    const char* text;           // all of it
    uint32_t* scratch;          // symbols for the longest word, as far as there are no seen words
    size_t scratch_words;
    SeenWord* seen;             // [seen_count], a power of two; by a hash of the word
    size_t seen_count;
    Span<uint32_t> out;
    size_t written = 0;         // tokens; those past the end of `out` are only counted
    Fault fault{};

    void emit(uint32_t token) {
        if (written < out.count) out[written] = token;
        written++;
    }
};

/// A stretch of text without control tokens. `where`: of its first byte in the whole text.
struct Stretch {
    Span<const char> text;
    uint64_t where;
    bool space_before;  // a space that is not in the text counts as its first character
};

/// Each appends the tokens of a stretch, or sets `fault`.
void encode_bpe(Encoder& encoder, const Stretch& stretch);

}  // namespace mote
