// space_cut: text cut at spaces into words, each a space and what follows it, up to the next.
#pragma once

#include "chunk.h"
#include "mote/result.h"

namespace mote {

/// Takes words from the front of a text in memory that can be read as far as `readable_end`. With 64 bits the spaces are looked for in blocks,
/// so that where a word begins is known long before the word in front of it was read.
class SpaceCut {
public:
    SpaceCut(Span<const char> text, const char* readable_end) : text_(text), readable_end_(readable_end) {
        if (wide_processor) look_on();
        spaces_ &= ~uint64_t(1);  // the first word's
    }

    bool more() const { return at_ < text_.count; }
    size_t next_begins() const { return at_; }

    Span<const char> next() {
        const size_t begin = at_;
        if (wide_processor) {
            while (spaces_ == 0 && looked_ < text_.count) look_on();
            at_ = spaces_ ? looked_ - block + size_t(__builtin_ctzll(spaces_)) : text_.count;
            spaces_ &= spaces_ - 1;
        } else {
            do at_++;
            while (at_ < text_.count && text_[at_] != ' ');
        }
        return {text_.data + begin, at_ - begin};
    }

private:
    static constexpr size_t block = 64;

    // A bit for each byte of the next block that is a space.
    void look_on() {
        const size_t left = text_.count - looked_, bytes = left < block ? left : block;
        const char* const from = text_.data + looked_;
        spaces_ = 0;
        for (size_t i = 0; i < bytes; i += chunk_bytes) {
            const bool may_read_on = size_t(readable_end_ - from) >= i + chunk_bytes;
            const Chunk chunk = may_read_on ? chunk_at(from + i) : short_chunk_at(from + i, bytes - i);
            spaces_ |= (uint64_t(bytes_in(chunk, ' ', ' ') >> 7) * 0x0102040810204080 >> 56) << i;
        }
        if (bytes < block) spaces_ &= (uint64_t(1) << bytes) - 1;
        looked_ += block;
    }

    Span<const char> text_;
    const char* readable_end_;
    size_t at_ = 0;
    size_t looked_ = 0;
    uint64_t spaces_ = 0;
};

}  // namespace mote
