// seen_words: words that came before and the tokens they became, two in a line of a processor's cache.
#pragma once

#include "space_cut.h"
#include "tokenizer_tables.h"

namespace mote {

/// A word that is looked for. One of more than `most_bytes` is never remembered.
struct WordKey {
    static constexpr size_t most_bytes = 16, chunks = most_bytes / chunk_bytes;

    Span<const char> text;
    Chunk head[chunks];  // zeros behind a shorter word
    uint32_t hash;
};

/// A word in memory that can be read as far as `readable_end`. Where that is far, nothing here jumps.
inline WordKey key_of(Span<const char> text, const char* readable_end) {
    WordKey word{text, {}, 0};
    const size_t bytes = text.count < WordKey::most_bytes ? text.count : WordKey::most_bytes;
    if (wide_processor) {
        constexpr size_t last = WordKey::chunks - 1;
        const size_t in_first = bytes < chunk_bytes ? bytes : chunk_bytes, in_last = bytes - in_first;
        const bool may_read_on = size_t(readable_end - text.data) >= WordKey::most_bytes;
        word.head[0] = may_read_on ? first_bytes(chunk_at(text.data), in_first) : short_chunk_at(text.data, in_first);
        word.head[last] = may_read_on ? first_bytes(chunk_at(text.data + chunk_bytes), in_last) : short_chunk_at(text.data + chunk_bytes, in_last);
        word.hash = uint32_t((word.head[0] * 0x9e3779b97f4a7c15 + word.head[last] * 0xc2b2ae3d27d4eb4f) >> 32);
        return word;
    }
    uint32_t hash = 0x811c9dc5;  // FNV-1a
    for (size_t i = 0; i < bytes; i++) {
        reinterpret_cast<char*>(word.head)[i] = text[i];
        hash = (hash ^ uint8_t(text[i])) * 0x01000193u;
    }
    word.hash = hash;
    return word;
}

/// A word that came before, and the tokens it became.
struct SeenWord {
    static constexpr size_t id_room = 12;

    uint8_t bytes;   // 0: none
    uint8_t tokens;
    uint8_t under;   // Unigram: the sums from which the path holds, see encode_unigram.cpp
    uint8_t level;
    uint8_t text[WordKey::most_bytes];
    union {
        uint16_t ids[id_room / sizeof(uint16_t)];
        uint32_t wide_ids[id_room / sizeof(uint32_t)];  // where the tokenizer has ids of four bytes
    };
};

/// What a processor brings from memory at once.
struct SeenLine {
    SeenWord words[2];
};
static_assert(sizeof(SeenLine) == 64 && alignof(SeenLine) == alignof(uint32_t));

inline bool holds(const SeenWord& seen, const WordKey& word) {
    if (!wide_processor && seen.bytes != word.text.count) return false;
    Chunk difference = seen.bytes ^ word.text.count;
    for (size_t i = 0; i < WordKey::chunks; i++) difference |= chunk_at(seen.text + i * chunk_bytes) ^ word.head[i];
    return difference == 0;
}

/// The lines, by a hash of the word.
struct SeenWords {
    static constexpr size_t most_lines = 1u << 15;

    SeenLine* lines = nullptr;
    size_t count = 0;

    SeenLine& line_of(const WordKey& word) const { return lines[(word.hash >> 16) * uint32_t(count) >> 16]; }

    /// Where a word is remembered, or would be, without bytes then: of two places the one that was filled first is given up. Null if the word
    /// is too long, or nothing is remembered.
    SeenWord* place_of(const WordKey& word) const {
        if (count == 0 || word.text.count > WordKey::most_bytes) return nullptr;
        if (only_pairs) {  // one place, for less code
            SeenWord& place = lines->words[(word.hash >> 16) * uint32_t(2 * count) >> 16];
            if (!holds(place, word)) place.bytes = 0;
            return &place;
        }
        SeenLine& line = line_of(word);
        if (wide_processor) {  // no jump tells the two apart
            const bool first = holds(line.words[0], word), second = holds(line.words[1], word);
            if (first | second) return &line.words[first ? 0 : 1];
        } else {
            for (SeenWord& seen : line.words)
                if (holds(seen, word)) return &seen;
        }
        if (line.words[0].bytes) line.words[1] = line.words[0];
        line.words[0].bytes = 0;
        return &line.words[0];
    }
};

/// Words of a text that is cut at spaces, in groups: one is looked for while the lines of the next come from memory. One word a group where
/// memory answers at once.
struct WordGroup {
    static constexpr size_t most = wide_processor ? 8 : 1;

    WordKey words[most];
    size_t count = 0;

    /// Takes the next words, none at the end.
    void take(SpaceCut& words_of_text, const char* readable_end, const SeenWords& seen) {
        for (count = 0; count < most && words_of_text.more(); count++) {
            words[count] = key_of(words_of_text.next(), readable_end);
            if (wide_processor && seen.count) __builtin_prefetch(&seen.line_of(words[count]));
        }
    }
};

}  // namespace mote
