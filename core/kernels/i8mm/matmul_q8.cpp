// matmul_q8: tiles of eight tokens by SMMLA; what is left of tokens and rows is dotprod's.
#include "../dotprod/dotprod.h"
#include "../ref/ref.h"
#include "i8mm.h"
#include "tile.h"

namespace mote {
namespace {

// Two chunks of four rows as eight columns of rows 0 and 1, and of rows 2 and 3.
[[gnu::always_inline]] inline int8x16_t first_rows(int8x16_t a, int8x16_t b) {
    return vreinterpretq_s8_s32(vzip1q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}
[[gnu::always_inline]] inline int8x16_t last_rows(int8x16_t a, int8x16_t b) {
    return vreinterpretq_s8_s32(vzip2q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}

[[gnu::always_inline]] inline void add_columns(BlockSums& s, int8x16_t a, int8x16_t b, const Unit& x) {
    const int8x16_t rows01 = first_rows(a, b), rows23 = last_rows(a, b);
#pragma GCC unroll 4
    for (uint32_t p = 0; p < 4; p++) {
        s.rows01[p] = vmmlaq_s32(s.rows01[p], x.chunk[p], rows01);
        s.rows23[p] = vmmlaq_s32(s.rows23[p], x.chunk[p], rows23);
    }
}

// Some blocks of rows times one slab. `y` is the place of the first row and token, `rows` its stride.
template <uint32_t blocks>
void slab_product(const int8_t* w, size_t block_bytes, const int8_t* x, uint32_t cols, const uint16_t* row_scales, const float* x_scales,
                  bool first, bool last, float* y, size_t rows) {
    BlockSums acc[blocks];
    const int8_t* p[blocks];
#pragma GCC unroll 2
    for (uint32_t b = 0; b < blocks; b++) {
        p[b] = w + b * block_bytes;
#pragma GCC unroll 4
        for (uint32_t pair = 0; pair < 4; pair++) {
            const int32_t* waiting = reinterpret_cast<const int32_t*>(y + 2 * pair * rows) + 4 * b;
            if (first) acc[b].rows01[pair] = acc[b].rows23[pair] = vdupq_n_s32(0);
            else set_sums(acc[b], pair, load4(waiting), load4(waiting + rows));
        }
    }
    const int8_t* end = x + size_t(cols) * tile_tokens;
    do {
        const Unit x0 = next_unit(x), x1 = next_unit(x);
#pragma GCC unroll 2
        for (uint32_t b = 0; b < blocks; b++) {
            const Unit u = next_unit(p[b]);
            add_columns(acc[b], u.chunk[0], u.chunk[1], x0);
            add_columns(acc[b], u.chunk[2], u.chunk[3], x1);
        }
    } while (x < end);
#pragma GCC unroll 2
    for (uint32_t b = 0; b < blocks; b++)
#pragma GCC unroll 8
        for (uint32_t t = 0; t < tile_tokens; t++) {
            float* to = y + t * rows + 4 * b;
            if (last) store_rows(sums_of(acc[b], t), row_scales + 4 * b, x_scales[t], 4, to);
            else store(reinterpret_cast<int32_t*>(to), sums_of(acc[b], t));
        }
}

void tile_product(const Matrix& w, uint32_t whole_rows, const int8_t* x, size_t stride, const float* x_scales, float* y) {
    const uint32_t cols = padded_cols(Format::q8, w.cols);
    const size_t block_bytes = size_t(cols) * 4;
    Slab slab;
    for (uint32_t begin = 0; begin < cols; begin += slab_cols) {
        const uint32_t n = cols - begin < slab_cols ? cols - begin : slab_cols;
        const bool first = begin == 0, last = begin + n == cols;
        slab.fill(x + begin, stride, n);
        const int8_t* data = reinterpret_cast<const int8_t*>(w.data) + size_t(begin) * 4;
        uint32_t row = 0;
        for (; row + 8 <= whole_rows; row += 8, data += 2 * block_bytes)
            slab_product<2>(data, block_bytes, slab.values, n, w.row_scales + row, x_scales, first, last, y + row, w.rows);
        if (row < whole_rows) slab_product<1>(data, block_bytes, slab.values, n, w.row_scales + row, x_scales, first, last, y + row, w.rows);
    }
}

}  // namespace

void i8mm_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q8(w, x, count, y);
    const uint32_t whole_rows = w.rows & ~3u;
    Matrix rest = w;
    rest.data += size_t(whole_rows) * padded_cols(Format::q8, w.cols);
    rest.row_scales += whole_rows;
    rest.rows -= whole_rows;
    uint32_t token = 0;
    for (; token + tile_tokens <= count; token += tile_tokens) {
        int8_t* v = x.values + size_t(token) * x.stride;
        float* to = y + size_t(token) * w.rows;
        if (whole_rows) tile_product(w, whole_rows, v, x.stride, x.scales + token, to);
        for (uint32_t t = 0; rest.rows && t < tile_tokens; t++, v += x.stride, to += w.rows)
            dotprod_matmul_q8(rest, {v, x.scales + token + t, nullptr, x.stride}, 1, to + whole_rows);
    }
    const QuantizedTile last{x.values + size_t(token) * x.stride, x.scales + token, nullptr, x.stride};
    if (token < count) dotprod_matmul_q8(w, last, count - token, y + size_t(token) * w.rows);
}

}  // namespace mote
