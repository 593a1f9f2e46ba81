// tokenizer_tables: look-ups in the tables of a tokenizer section that `open_tokenizer` has checked.
#pragma once

#include "mote/tokenizer.h"

namespace mote {

/// An array of ids of 2 or 4 bytes; the all-ones value reads as `no_token`.
struct Ids {
    const uint8_t* data;
    uint32_t id_bytes;

    uint32_t operator[](size_t i) const {
        if (id_bytes == 4) return reinterpret_cast<const uint32_t*>(data)[i];
        const uint16_t id = reinterpret_cast<const uint16_t*>(data)[i];
        return id == 0xffffu ? no_token : id;
    }
};

inline Ids ids_at(const Tokenizer& t, uint32_t offset) { return Ids{t.section + offset, t.header().id_bytes}; }

/// Whether this build has byte-pair encoding alone: tokenizers with a normalizer or a lexicon are refused, and what serves them is left
/// out by the linker.
#ifdef MOTE_ONLY_PAIRS
constexpr bool only_pairs = true;
#else
constexpr bool only_pairs = false;
#endif

/// Whether it has no split rules but those at spaces, which need no classes of characters: what llama2.c's and most SentencePiece models are.
#ifdef MOTE_ONLY_PLAIN
constexpr bool only_plain = true;
#else
constexpr bool only_plain = false;
#endif

/// The tables of the normalizer, the normalization form, the lexicon and tokens found whole; null if the tokenizer has none.
inline const NormalizerTables* normalizer_of(const Tokenizer& t) {
    return !only_pairs && t.header().normalizer ? reinterpret_cast<const NormalizerTables*>(t.section + t.header().normalizer) : nullptr;
}
inline const NormalFormTables* normal_form_of(const Tokenizer& t) {
    return !only_pairs && t.header().normal_form ? reinterpret_cast<const NormalFormTables*>(t.section + t.header().normal_form) : nullptr;
}
inline const LexiconTables* lexicon_of(const Tokenizer& t) {
    return !only_pairs && t.header().lexicon ? reinterpret_cast<const LexiconTables*>(t.section + t.header().lexicon) : nullptr;
}
inline const WholeTables* whole_tables_of(const Tokenizer& t) {
    return !only_pairs && t.header().whole ? reinterpret_cast<const WholeTables*>(t.section + t.header().whole) : nullptr;
}

/// Orders byte strings as memcmp does, a prefix first: negative, zero or positive.
int compare(Span<const char> a, Span<const char> b);

/// The token of a character, or of a word where the table holds words; no_token if there is none.
uint32_t find_piece(const Tokenizer& t, Span<const char> text);

/// A merge of two adjacent tokens. rank == no_token: they do not merge.
struct Merge {
    uint32_t rank;  // lower merges first
    uint32_t merged;
};
Merge find_merge(const Tokenizer& t, uint32_t left, uint32_t right);

/// In a table of {code point << 8 | class}, ascending from 0: the entry that holds for a code point.
uint32_t class_entry(const uint32_t* classes, uint32_t count, uint32_t code);

/// Bits of CharClass; none for a byte that is no character.
uint8_t char_class(const Tokenizer& t, uint32_t code);

}  // namespace mote
