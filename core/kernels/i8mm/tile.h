// tile: sixteen tokens, or eight, against blocks of four rows. SMMLA multiplies two tokens by two rows, eight columns deep; the tokens are
// paired once for all rows, a slab of columns at a time. Until the last slab the sums wait as integers in the place of the result.
#pragma once

#include "../dotprod/dotprod.h"
#include "../neon/lanes.h"

namespace mote {
namespace {

constexpr uint32_t slab_cols = 512;  // 10 KiB of stack for sixteen tokens

/// Some columns of a tile's tokens.
struct TilePart {
    const int8_t* x;  // of the first token
    size_t stride;    // to the next token
    uint32_t cols;
    bool first, last;  // of the parts
};

/// What a kernel needs of a matrix for one block of four rows, from the part's first column on.
struct Block {
    const int8_t* data;
    const int8_t* group_scales;  // q4 only
    const uint16_t* row_scales;
};

/// Two tokens' eight columns, the first one's, then the second's.
[[gnu::always_inline]] inline void store_pair(int8_t* to, const int8_t* x, size_t stride) {
    store(to, load8(x));
    store(to + 8, load8(x + stride));
}

/// As next_unit, of a slab. GCC 12 does not find the post-increment where several loads follow each other.
[[gnu::always_inline]] inline Unit next_of_slab(const int8_t*& p) {
#if defined(__clang__)
    return next_unit(p);
#else
    int8x16x4_t v;
    asm("ld1 {%S0.16b - %V0.16b}, [%1], #64" : "=w"(v), "+r"(p) : "m"(*reinterpret_cast<const int8_t(*)[64]>(p)));
    return {{v.val[0], v.val[1], v.val[2], v.val[3]}};
#endif
}

/// Two chunks of four rows as eight columns of rows 0 and 1, and of rows 2 and 3.
[[gnu::always_inline]] inline int8x16_t first_rows(int8x16_t a, int8x16_t b) {
    return vreinterpretq_s8_s32(vzip1q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}
[[gnu::always_inline]] inline int8x16_t last_rows(int8x16_t a, int8x16_t b) {
    return vreinterpretq_s8_s32(vzip2q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}

[[gnu::always_inline]] inline int32x4_t lower_halves(int32x4_t a, int32x4_t b) {
    return vreinterpretq_s32_s64(vzip1q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}
[[gnu::always_inline]] inline int32x4_t upper_halves(int32x4_t a, int32x4_t b) {
    return vreinterpretq_s32_s64(vzip2q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}

/// The sums of four rows and some pairs of tokens: (token 0, row 0), (0, 1), (1, 0), (1, 1) of a pair; then rows 2 and 3.
template <uint32_t pairs>
class BlockSums {
public:
    int32x4_t rows01[pairs], rows23[pairs];

    /// Zero, or what waits at y, the place of the first row and token; `rows` is the stride of tokens.
    [[gnu::always_inline]] void begin(const TilePart& part, const float* y, size_t rows) {
#pragma GCC unroll 8
        for (uint32_t p = 0; p < pairs; p++) {
            rows01[p] = rows23[p] = vdupq_n_s32(0);
            if (part.first) continue;
            const int32_t* waiting = reinterpret_cast<const int32_t*>(y + 2 * p * rows);
            const int32x4_t a = load4(waiting), b = load4(waiting + rows);
            rows01[p] = lower_halves(a, b), rows23[p] = upper_halves(a, b);
        }
    }

    /// The result, or sums that wait.
    [[gnu::always_inline]] void end(const TilePart& part, const uint16_t* row_scales, const float* x_scales, float* y, size_t rows) const {
        const float32x4_t scales = vreinterpretq_f32_u32(vshll_n_u16(load4(row_scales), 16));
        if (part.last) {
#pragma GCC unroll 4
            for (uint32_t p = 0; p < pairs; p += 2, x_scales += 4, y += 4 * rows) end_four(p, scales, load4(x_scales), y, rows);
            return;
        }
#pragma GCC unroll 8
        for (uint32_t p = 0; p < pairs; p++, y += 2 * rows) {
            store(reinterpret_cast<int32_t*>(y), lower_halves(rows01[p], rows23[p]));
            store(reinterpret_cast<int32_t*>(y + rows), upper_halves(rows01[p], rows23[p]));
        }
    }

private:
    // As store_rows, for two pairs.
    [[gnu::always_inline]] void end_four(uint32_t p, float32x4_t scales, float32x4_t x, float* y, size_t rows) const {
        const int32x4_t s0 = lower_halves(rows01[p], rows23[p]), s1 = upper_halves(rows01[p], rows23[p]);
        const int32x4_t s2 = lower_halves(rows01[p + 1], rows23[p + 1]), s3 = upper_halves(rows01[p + 1], rows23[p + 1]);
        store(y, vmulq_laneq_f32(vmulq_f32(vcvtq_f32_s32(s0), scales), x, 0)), y += rows;
        store(y, vmulq_laneq_f32(vmulq_f32(vcvtq_f32_s32(s1), scales), x, 1)), y += rows;
        store(y, vmulq_laneq_f32(vmulq_f32(vcvtq_f32_s32(s2), scales), x, 2)), y += rows;
        store(y, vmulq_laneq_f32(vmulq_f32(vcvtq_f32_s32(s3), scales), x, 3));
    }
};

/// All whole blocks of rows times one part of a tile: y (tokens, rows).
using PartProduct = void (*)(const Matrix& w, const TilePart& part, const Block& first, size_t block_cols, const float* x_scales, float* y);

/// The product of as many tokens as `part` takes, in parts of slab_cols columns.
[[gnu::always_inline]] inline void tile_product(PartProduct product, const Matrix& w, const int8_t* x, size_t stride, const float* x_scales, float* y) {
    const uint32_t cols = padded_cols(w.format, w.cols);
    for (uint32_t begin = 0; begin < cols; begin += slab_cols) {
        const uint32_t n = cols - begin < slab_cols ? cols - begin : slab_cols;
        const size_t at = size_t(begin) * (w.format == Format::q4 ? 2 : 4);  // a block's bytes before
        const Block first{reinterpret_cast<const int8_t*>(w.data) + at, w.group_scales + begin / 8, w.row_scales};
        product(w, {x + begin, stride, n, begin == 0, begin + n == cols}, first, cols, x_scales, y);
    }
}

/// Sixteen tokens at a time, then eight; what is left of rows and tokens is dotprod's, which `rest` is.
template <PartProduct sixteen, PartProduct eight>
[[gnu::always_inline]] inline void matmul_by_tiles(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y,
                                                   void (*rest)(const Matrix&, const QuantizedTile&, uint32_t, float*)) {
    const uint32_t whole = w.rows & ~3u;
    Matrix left = w;
    const size_t before = size_t(whole) * padded_cols(w.format, w.cols);
    left.data += w.format == Format::q4 ? before / 2 : before;
    left.row_scales += whole;
    if (left.group_scales) left.group_scales += before / group_cols;
    left.rows -= whole;
    uint32_t tokens;
    for (uint32_t token = 0; token < count; token += tokens) {
        tokens = whole == 0 || count - token < 8 ? count - token : count - token < 16 ? 8 : 16;
        const QuantizedTile own{x.values + size_t(token) * x.stride, x.scales + token, nullptr, x.stride};
        float* to = y + size_t(token) * w.rows;
        if (whole == 0 || tokens < 8) {
            rest(w, own, tokens, to);
            continue;
        }
        tile_product(tokens == 16 ? sixteen : eight, w, own.values, x.stride, own.scales, to);
        for (uint32_t t = 0; left.rows && t < tokens; t++)
            rest(left, {own.values + t * x.stride, own.scales + t, nullptr, x.stride}, 1, to + size_t(t) * w.rows + whole);
    }
}

}  // namespace
}  // namespace mote
