// encode.h: what the encoders of each kind of tokenizer share. encode.cpp deals with control tokens and calls them.
#pragma once

#include "checked.h"
#include "seen_words.h"

namespace mote {

/// A text on its way to tokens.
struct Encoder {
    const Tokenizer& t;
    Span<char> formed;          // room for text in the normal form
    Span<char> normalized;      // and for normalized text
    uint32_t* scratch;          // what the kind of tokenizer needs, as far as there are no seen words
    size_t scratch_words;
    SeenWords seen;             // behind the scratch, or with the caller
    bool seen_in_scratch;
    Span<uint32_t> out;
    const char* readable_end = nullptr;  // of the memory that the stretch lies in
    size_t written = 0;         // tokens; those past the end of `out` are only counted
    Fault fault{};

    void emit(uint32_t token) {
        if (written < out.count) out[written] = token;
        written++;
    }
    /// A word that needs more scratch than there is takes that of the words seen, which are forgotten.
    void want_scratch(size_t words) {
        if (words <= scratch_words || !seen_in_scratch) return;
        scratch_words += seen.count * (sizeof(SeenLine) / sizeof(uint32_t));
        seen.count = 0;
    }
    bool ids_are_wide() const { return !only_pairs && t.header().id_bytes == sizeof(uint32_t); }
    size_t most_seen_tokens() const { return SeenWord::id_room / (ids_are_wide() ? sizeof(uint32_t) : sizeof(uint16_t)); }
    /// Whether a word was seen, and there is room for the tokens of any.
    bool may_emit(const SeenWord* word) const {
        constexpr size_t most = SeenWord::id_room / sizeof(uint16_t);
        return word && word->bytes && written + most <= out.count;
    }
    /// The tokens of a word that was seen. Where that is quicker than to ask how many there are, all that there may be are copied.
    void emit_again(const SeenWord& word) {
        const bool are_wide = ids_are_wide();
        const size_t count = wide_processor ? most_seen_tokens() : word.tokens;
        uint32_t* to = out.data + written;
        for (size_t i = 0; i < count; i++) to[i] = are_wide ? word.wide_ids[i] : word.ids[i];
        written += word.tokens;
    }
};

/// Remembers the tokens written since `first` in the word's place, if there is room for them.
///   under, level  Unigram: the sums from which the path holds
void remember(const Encoder& encoder, SeenWord* place, const WordKey& word, size_t first, uint8_t under, uint8_t level);

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
