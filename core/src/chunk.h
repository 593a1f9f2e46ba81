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

}  // namespace mote
