// tile: eight tokens against blocks of four rows. SMMLA multiplies two tokens by two rows, eight columns deep; the tokens are paired once
// for all rows, a slab of columns at a time. Until the last slab the sums wait as integers in the place of the result.
#pragma once

#include "../neon/lanes.h"

namespace mote {
namespace {

constexpr uint32_t tile_tokens = 8, slab_cols = 512;  // 4 KiB of stack

/// Of 8 columns: tokens 0 and 1, 2 and 3, 4 and 5, 6 and 7; each register the first's eight values, then the second's.
struct Slab {
    alignas(16) int8_t values[tile_tokens * slab_cols];

    void fill(const int8_t* x, size_t stride, uint32_t cols) {
        int8_t* to = values;
        for (uint32_t i = 0; i < cols; i += 8)
            for (uint32_t t = 0; t < tile_tokens; t++, to += 8) store(to, load8(x + t * stride + i));
    }
};

/// The sums of two rows and two tokens: (token 0, row 0), (0, 1), (1, 0), (1, 1).
struct BlockSums {
    int32x4_t rows01[4], rows23[4];  // by pairs of tokens
};

[[gnu::always_inline]] inline int32x4_t sums_of(const BlockSums& s, uint32_t token) {
    const int64x2_t a = vreinterpretq_s64_s32(s.rows01[token / 2]), b = vreinterpretq_s64_s32(s.rows23[token / 2]);
    return vreinterpretq_s32_s64(token % 2 ? vzip2q_s64(a, b) : vzip1q_s64(a, b));
}

[[gnu::always_inline]] inline void set_sums(BlockSums& s, uint32_t pair, int32x4_t first, int32x4_t second) {
    const int64x2_t a = vreinterpretq_s64_s32(first), b = vreinterpretq_s64_s32(second);
    s.rows01[pair] = vreinterpretq_s32_s64(vzip1q_s64(a, b));
    s.rows23[pair] = vreinterpretq_s32_s64(vzip2q_s64(a, b));
}

}  // namespace
}  // namespace mote
