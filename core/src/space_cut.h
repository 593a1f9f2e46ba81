// space_cut: text cut at spaces into words, each a space and what follows it, up to the next.
#pragma once

#include "chunk.h"
#include "mote/result.h"

namespace mote {

/// Takes words from the front of a text in memory that can be read as far as `readable_end`. With 64 bits the spaces are looked for in blocks,
/// so that where a word begins is known long before the word in front of it was read.
class SpaceCut {
public:
    SpaceCut(Span<const char> words, const char* end_of_memory) : text(words), readable_end(end_of_memory) {
        if (wide_processor) look_on();
        spaces &= ~uint64_t(1);  // the first word's
    }

    bool more() const { return at < text.count; }
    size_t next_begins() const { return at; }

    Span<const char> next() {
        const size_t begin = at;
        if (wide_processor) {
            while (spaces == 0 && looked < text.count) look_on();
            at = spaces ? looked - block + size_t(__builtin_ctzll(spaces)) : text.count;
            spaces &= spaces - 1;
        } else {
            do at++;
            while (at < text.count && text[at] != ' ');
        }
        return {text.data + begin, at - begin};
    }

private:
    static constexpr size_t block = 64;

    // A bit for each byte of the next block that is a space.
    void look_on() {
        const size_t left = text.count - looked, bytes = left < block ? left : block;
        const char* const from = text.data + looked;
        spaces = 0;
        for (size_t i = 0; i < bytes; i += chunk_bytes) {
            const bool may_read_on = size_t(readable_end - from) >= i + chunk_bytes;
            const Chunk chunk = may_read_on ? chunk_at(from + i) : short_chunk_at(from + i, bytes - i);
            spaces |= (uint64_t(bytes_in(chunk, ' ', ' ') >> 7) * 0x0102040810204080 >> 56) << i;
        }
        if (bytes < block) spaces &= (uint64_t(1) << bytes) - 1;
        looked += block;
    }

    Span<const char> text;
    const char* readable_end;
    size_t at = 0;
    size_t looked = 0;
    uint64_t spaces = 0;
};

}  // namespace mote
