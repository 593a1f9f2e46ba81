// matmul_q4: a group of 32 columns is 64 bytes of four rows, low nibbles first. Nibbles are multiplied as they are; eight times the
// activations goes off before the group's scale is multiplied in.
#include "../ref/ref.h"
#include "lanes.h"
#include "neon.h"

namespace mote {
namespace {

// A group's activations, by chunks; and 8 times their sum.
struct GroupX {
    Spread low0, low1, low2, low3, high0, high1, high2, high3;
    int16x4_t eight;
};

[[gnu::always_inline]] inline GroupX spread_group(const int8_t* x) {
    const int8x16_t low = load16(x), high = load16(x + 16);
    int16x8_t sum = vpadalq_s8(vpaddlq_s8(low), high);
    sum = add_neighbours(sum, sum);
    sum = add_neighbours(sum, sum);
    sum = add_neighbours(sum, sum);
    return {spread<0>(low),  spread<1>(low),  spread<2>(low),  spread<3>(low),
            spread<0>(high), spread<1>(high), spread<2>(high), spread<3>(high), vshl_n_s16(vget_low_s16(sum), 3)};
}

[[gnu::always_inline]] inline Products multiply_add(const Products& p, int8x16_t w, Spread low, Spread high) {
    return multiply_add(multiply_add(p, low_nibbles(w), low), high_nibbles(w), high);
}

// Moves w on by one group of four rows and returns its dots, at most 8 * 127 * 32 = 32512 in magnitude. int16 is enough for them, though
// sums of nibbles may wrap before eight times the activations goes off.
[[gnu::always_inline]] inline int16x4_t group_dots(const int8_t*& w, const GroupX& x) {
    const Unit u = next_unit(w);
    Products p = multiply_add(multiply(low_nibbles(u.chunk[0]), x.low0), high_nibbles(u.chunk[0]), x.high0);
    p = multiply_add(p, u.chunk[1], x.low1, x.high1);
    p = multiply_add(p, u.chunk[2], x.low2, x.high2);
    p = multiply_add(p, u.chunk[3], x.low3, x.high3);
    const int16x8_t pairs = add_neighbours(p.rows01, p.rows23);
    return vsub_s16(vget_low_s16(add_neighbours(pairs, pairs)), x.eight);
}

template <uint32_t blocks>
void rows_of(const RowBlocks& w, const int8_t* x, float x_scale, float* y) {
    const uint32_t groups = w.cols / group_cols;
    const int8_t *p[blocks], *scales[blocks];
    int32x4_t acc[blocks];
#pragma GCC unroll 8
    for (uint32_t b = 0; b < blocks; b++) {
        acc[b] = vdupq_n_s32(0);
        p[b] = w.data + size_t(b) * groups * 64;
        scales[b] = w.group_scales + size_t(b) * groups * 4;
    }
    const int8_t* end = x + w.cols;
    do {
        const GroupX own = spread_group(x);
#pragma GCC unroll 8
        for (uint32_t b = 0; b < blocks; b++) {
            acc[b] = vmlal_s16(acc[b], group_dots(p[b], own), load_scales(scales[b]));
            scales[b] += 4;
        }
        x += group_cols;
    } while (x < end);
#pragma GCC unroll 8
    for (uint32_t b = 0; b < blocks; b++) store_rows(acc[b], w.row_scales + 4 * b, x_scale, blocks == 1 ? w.rows : 4, y + 4 * b);
}

#if defined(__aarch64__)
constexpr uint32_t most = 4;
#else
constexpr uint32_t most = 2;  // as many as 16 registers hold
#endif

}  // namespace

void neon_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q4(w, x, count, y);
    matmul_by_blocks<most, rows_of<most>, rows_of<1>>(w, x, count, y);
}

}  // namespace mote
