// encode.h: what the encoders of each kind of tokenizer share. encode.cpp deals with control tokens and calls them.
#pragma once

#include "tokenizer_tables.h"

namespace mote {

constexpr size_t words_per_symbol = 5;  // of scratch, u32

/// A text on its way to tokens.
struct Encoder {
    const Tokenizer& t;
    uint32_t* scratch;        // words_per_symbol for each byte of the text, and as many more
    Span<uint32_t> out;
    size_t written = 0;       // tokens; those past the end of `out` are only counted
    Fault fault{};

    void emit(uint32_t token) {
        if (written < out.count) out[written] = token;
        written++;
    }
};

/// A stretch of text without control tokens. `where`: of its first byte in the whole text. The first has something in front.
struct Stretch {
    Span<const char> text;
    uint64_t where;
    bool space_before;        // a space that is not in the text counts as its first character
};

/// Each appends the tokens of a stretch, or sets `fault`.
void encode_bpe(Encoder& encoder, const Stretch& stretch);

/// Bytes of the first word of a text that is not empty, by the rule of the tokenizer.
size_t first_word(const Tokenizer& t, Span<const char> text);

}  // namespace mote
