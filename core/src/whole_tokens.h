// whole_tokens: tokens that are found in a text by their own text, before it is cut. encode.cpp deals with what lies between them.
#pragma once

#include "tokenizer_tables.h"

namespace mote {

/// A token that is found, and what it asks of its place: whole_single_word and so on.
struct WholeToken {
    uint32_t id = no_token;
    uint32_t flags = 0;
};

/// The longest token of a trie of SPEC 6.7 that begins at `at`; its length, or 0. Control tokens have no more than `open` bytes.
size_t whole_token_of(const Tokenizer& t, const WholeTrie& trie, Span<const char> text, size_t at, size_t open, WholeToken& token);

/// Whether the token's flags let it stand at [begin, end), which grows by the white space that it takes with it.
bool takes_place(const Tokenizer& t, uint32_t flags, Span<const char> text, size_t& begin, size_t& end);

/// Whether there are tokens that are looked for in normalized text.
inline bool searches_normalized(const Tokenizer& t) { return whole_tables_of(t) && whole_tables_of(t)->normalized.longest; }

/// Those that are looked for in the text as it is: added ones always, control tokens if asked for.
struct WholeTokens {
    Ids lists[2];
    uint32_t counts[2];
    Span<const TextRange> quoted;
    uint32_t first_bytes[8] = {};  // a bit for every byte that one of them begins with

    WholeTokens(const Tokenizer& t, const EncodeOptions& options)
        : lists{ids_at(t, t.header().added), ids_at(t, t.header().specials)},
          counts{t.header().added_count, options.parse_special ? t.header().specials_count : 0}, quoted(options.quoted) {
        for (uint32_t list = 0; list < 2; list++)
            for (uint32_t i = 0; i < counts[list]; i++)
                if (const Span<const char> name = piece(t, lists[list][i]); name.count)
                    first_bytes[uint8_t(name[0]) / 32] |= 1u << uint8_t(name[0]) % 32;
    }
    bool may_begin(char c) const { return first_bytes[uint8_t(c) / 32] >> uint8_t(c) % 32 & 1; }
    bool empty() const { return counts[0] + counts[1] == 0; }

    /// Bytes from `at` on in which control tokens may be: up to the next quoted one, none within. Builds for plain tokenizers have no chat
    /// templates and nothing that is quoted.
    size_t open_bytes(size_t at, size_t text_bytes) {
        if (only_plain) return text_bytes - at;
        while (quoted.count && quoted[0].end <= at) quoted = {quoted.data + 1, quoted.count - 1};
        if (quoted.count == 0) return text_bytes - at;
        return quoted[0].begin > at ? quoted[0].begin - at : 0;
    }
};

}  // namespace mote
