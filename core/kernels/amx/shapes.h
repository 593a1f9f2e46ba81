// shapes: what each of the eight tiles holds.
#pragma once

#include <immintrin.h>
#include <stdint.h>

namespace mote {

struct alignas(64) TileShapes {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t line_bytes[16] = {};
    uint8_t lines[16] = {};

    void set(uint32_t tile, uint32_t line_count, uint32_t bytes) {
        lines[tile] = uint8_t(line_count);
        line_bytes[tile] = uint16_t(bytes);
    }
};

static inline void load_shapes(const TileShapes& shapes) {
    asm volatile("" ::: "memory");  // the compiler does not see that the instruction reads the shapes
    _tile_loadconfig(&shapes);
}

}  // namespace mote
