// matmul_q4: tiles of tokens by SMMLA. Nibbles are multiplied as they are; a group's dots begin at minus eight times its activations.
#include "../ref/ref.h"
#include "i8mm.h"
#include "tile.h"

namespace mote {
namespace {

constexpr uint32_t pair_bytes = 2 * group_cols, most_groups = slab_cols / group_cols;

// Of a pair of tokens and a group: columns 0 to 7 of both, 8 to 15 and so on; and minus eight times the sum of each, twice.
void fill_pair(const int8_t* x, size_t stride, int8_t* to, int32_t* sums) {
    for (uint32_t i = 0; i < group_cols; i += 8, to += 16) store_pair(to, x + i, stride);
    for (uint32_t t = 0; t < 2; t++) {
        const int16x8_t pairs = vpadalq_s8(vpaddlq_s8(load16(x + t * stride)), load16(x + t * stride + 16));
        sums[2 * t] = sums[2 * t + 1] = -8 * vaddlvq_s16(pairs);
    }
}

// A group of four rows: eight columns a register, rows 0 and 1, then 2 and 3.
struct GroupW {
    int8x16_t rows01[4], rows23[4];
    int32x4_t scales01, scales23;  // for both tokens of a pair
};

[[gnu::always_inline]] inline GroupW load_group(const int8_t*& p, const int8_t*& scales) {
    const Unit u = next_unit(p);
    const int8x16_t a01 = first_rows(u.chunk[0], u.chunk[1]), a23 = last_rows(u.chunk[0], u.chunk[1]);
    const int8x16_t b01 = first_rows(u.chunk[2], u.chunk[3]), b23 = last_rows(u.chunk[2], u.chunk[3]);
    const int32x4_t s = vmovl_s16(load_scales(scales));
    scales += 4;
    return {{low_nibbles(a01), low_nibbles(b01), high_nibbles(a01), high_nibbles(b01)},
            {low_nibbles(a23), low_nibbles(b23), high_nibbles(a23), high_nibbles(b23)}, lower_halves(s, s), upper_halves(s, s)};
}

template <uint32_t pairs>
[[gnu::always_inline]] inline void add_group(BlockSums<pairs>& s, const GroupW& w, const int8_t*& x, const int32_t*& offsets) {
#pragma GCC unroll 8
    for (uint32_t p = 0; p < pairs; p++) {
        const Unit own = next_of_slab(x);
        int32x4_t dots01 = load4(offsets + 4 * p), dots23 = dots01;
#pragma GCC unroll 4
        for (uint32_t i = 0; i < 4; i++) {
            dots01 = vmmlaq_s32(dots01, own.chunk[i], w.rows01[i]);
            dots23 = vmmlaq_s32(dots23, own.chunk[i], w.rows23[i]);
        }
        s.rows01[p] = vmlaq_s32(s.rows01[p], dots01, w.scales01);
        s.rows23[p] = vmlaq_s32(s.rows23[p], dots23, w.scales23);
    }
    offsets += 4 * pairs;
}

template <uint32_t pairs>
void part_product(const Matrix& w, const TilePart& part, const Block& first, size_t block_cols, const float* x_scales, float* y) {
    alignas(16) int8_t slab[most_groups * pairs * pair_bytes];
    alignas(16) int32_t offsets[most_groups * pairs * 4];
    int8_t* to = slab;
    int32_t* sums_to = offsets;
    for (uint32_t i = 0; i < part.cols; i += group_cols)
        for (uint32_t p = 0; p < pairs; p++, to += pair_bytes, sums_to += 4)
            fill_pair(part.x + 2 * p * part.stride + i, part.stride, to, sums_to);
    const int8_t *data = first.data, *scales = first.group_scales;
    for (uint32_t row = 0; row + 4 <= w.rows; row += 4, data += 2 * block_cols, scales += block_cols / 8) {
        BlockSums<pairs> sums;
        sums.begin(part, y + row, w.rows);
        const int8_t *p = data, *s = scales, *x = slab, *const end = data + 2 * size_t(part.cols);
        const int32_t* own_offsets = offsets;
        do add_group(sums, load_group(p, s), x, own_offsets);
        while (p < end);
        sums.end(part, first.row_scales + row, x_scales, y + row, w.rows);
    }
}

}  // namespace

void i8mm_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q4(w, x, count, y);
    matmul_by_tiles<part_product<8>, part_product<4>>(w, x, count, y, dotprod_matmul_q4);
}

}  // namespace mote
