// matmul_q8: tiles of tokens by SMMLA.
#include "../ref/ref.h"
#include "i8mm.h"
#include "tile.h"

namespace mote {
namespace {

constexpr uint32_t unit_cols = 16;

// Of each 16 columns: the first pair of tokens, columns 0 to 7, then 8 to 15; the second pair; and so on.
template <uint32_t pairs>
void fill(const TilePart& part, int8_t* to) {
    for (uint32_t i = 0; i < part.cols; i += unit_cols)
        for (uint32_t p = 0; p < pairs; p++, to += 2 * unit_cols) {
            const int8_t* x = part.x + 2 * p * part.stride + i;
            store_pair(to, x, part.stride);
            store_pair(to + unit_cols, x + 8, part.stride);
        }
}

template <uint32_t pairs>
[[gnu::always_inline]] inline void add_columns(BlockSums<pairs>& s, const Unit& w, const int8_t*& x) {
    const int8x16_t a01 = first_rows(w.chunk[0], w.chunk[1]), a23 = last_rows(w.chunk[0], w.chunk[1]);
    const int8x16_t b01 = first_rows(w.chunk[2], w.chunk[3]), b23 = last_rows(w.chunk[2], w.chunk[3]);
#pragma GCC unroll 4
    for (uint32_t p = 0; p < pairs; p += 2) {
        const Unit own = next_of_slab(x);
#pragma GCC unroll 2
        for (uint32_t i = 0; i < 2; i++) {
            s.rows01[p + i] = vmmlaq_s32(vmmlaq_s32(s.rows01[p + i], own.chunk[2 * i], a01), own.chunk[2 * i + 1], b01);
            s.rows23[p + i] = vmmlaq_s32(vmmlaq_s32(s.rows23[p + i], own.chunk[2 * i], a23), own.chunk[2 * i + 1], b23);
        }
    }
}

template <uint32_t pairs>
void part_product(const Matrix& w, const TilePart& part, const Block& first, size_t block_cols, const float* x_scales, float* y) {
    alignas(16) int8_t slab[2 * pairs * slab_cols];
    fill<pairs>(part, slab);
    const int8_t* data = first.data;
    for (uint32_t row = 0; row + 4 <= w.rows; row += 4, data += 4 * block_cols) {
        BlockSums<pairs> sums;
        sums.begin(part, y + row, w.rows);
        const int8_t *p = data, *x = slab, *const end = data + 4 * size_t(part.cols);
        do add_columns(sums, next_unit(p), x);
        while (p < end);
        sums.end(part, first.row_scales + row, x_scales, y + row, w.rows);
    }
}

}  // namespace

void i8mm_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q8(w, x, count, y);
    matmul_by_tiles<part_product<8>, part_product<4>>(w, x, count, y, dotprod_matmul_q8);
}

}  // namespace mote
