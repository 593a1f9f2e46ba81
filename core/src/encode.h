// encode.h: what the encoders of each kind of tokenizer share. encode.cpp deals with control tokens and calls them.
#pragma once

#include "checked.h"
#include "tokenizer_tables.h"

namespace mote {

/// A word that came before, and the tokens it became.
struct SeenWord {
    uint32_t begin, bytes;      // in the text; bytes 0: none
    uint32_t token, tokens;     // in `out`
};

/// A text on its way to tokens.
struct Encoder {
    const Tokenizer& t;
    const char* text;           // all of it
    Span<char> normalized;      // room for normalized text
    uint32_t* scratch;          // what the kind of tokenizer needs, as far as there are no seen words
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
