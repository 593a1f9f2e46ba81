// chunk: text read as many bytes at once as a register has.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace mote {

/// Bytes of text as a number, the first one lowest.
using Chunk = size_t;
constexpr size_t chunk_bytes = sizeof(Chunk);
constexpr Chunk each_byte = ~Chunk(0) / 255;
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

/// Whether a processor has 64 bits: it reads chunks from any address, its code need not be small, and its texts are long.
constexpr bool wide_processor = chunk_bytes == 8;

inline Chunk chunk_at(const void* bytes) {
    Chunk chunk;
    __builtin_memcpy(&chunk, bytes, sizeof chunk);
    return chunk;
}

/// A chunk's first bytes, with zeros behind them; `count` from 0 to all.
inline Chunk first_bytes(Chunk chunk, size_t count) { return chunk & ((Chunk(1) << 4 * count << 4 * count) - 1); }

/// The same of a chunk that cannot be read as one.
inline Chunk short_chunk_at(const char* bytes, size_t count) {
    Chunk chunk = 0;
    for (size_t i = 0; i < count; i++) chunk |= Chunk(uint8_t(bytes[i])) << 8 * i;
    return chunk;
}

/// Which byte has the lowest bit that is set; marked != 0.
inline size_t first_byte_of(Chunk marked) {
    return size_t(wide_processor ? __builtin_ctzll(marked) : __builtin_ctz(unsigned(marked))) / 8;
}

/// The highest bit of each byte from `first` to `last`, which are ASCII.
inline Chunk bytes_in(Chunk chunk, char first, char last) {
    constexpr Chunk high = each_byte << 7;
    const Chunk low = chunk & ~high;
    return (low + each_byte * Chunk(0x80 - first)) & ~(low + each_byte * Chunk(0x7f - last)) & ~chunk & high;
}

}  // namespace mote
