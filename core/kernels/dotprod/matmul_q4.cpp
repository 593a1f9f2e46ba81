// matmul_q4: a group of 32 columns is 64 bytes of four rows, low nibbles first. Nibbles are multiplied as they are; a group's sums
// begin at minus eight times its activations.
#include "../neon/lanes.h"
#include "../ref/ref.h"
#include "dotprod.h"

namespace mote {
namespace {

struct GroupX {
    int8x16_t low, high;
    int32x4_t minus_eight;  // times the sum of all, in every lane
};

[[gnu::always_inline]] inline GroupX load_group(const int8_t* x) {
    const int8x16_t low = load16(x), high = load16(x + 16), factor = vdupq_n_s8(-8);
    int32x4_t sum = vdotq_s32(vdotq_s32(vdupq_n_s32(0), low, factor), high, factor);
    sum = add_neighbours(sum, sum);
    return {low, high, add_neighbours(sum, sum)};
}

// Moves w on by one group of four rows and returns its dots, at most 8 * 127 * 32 = 32512 in magnitude: their low halves are all.
[[gnu::always_inline]] inline int32x4_t group_dots(const int8_t*& w, const GroupX& x) {
    const Unit u = next_unit(w);
    int32x4_t dots = vdotq_laneq_s32(x.minus_eight, low_nibbles(u.chunk[0]), x.low, 0);
    dots = vdotq_laneq_s32(dots, high_nibbles(u.chunk[0]), x.high, 0);
    dots = vdotq_laneq_s32(dots, low_nibbles(u.chunk[1]), x.low, 1);
    dots = vdotq_laneq_s32(dots, high_nibbles(u.chunk[1]), x.high, 1);
    dots = vdotq_laneq_s32(dots, low_nibbles(u.chunk[2]), x.low, 2);
    dots = vdotq_laneq_s32(dots, high_nibbles(u.chunk[2]), x.high, 2);
    dots = vdotq_laneq_s32(dots, low_nibbles(u.chunk[3]), x.low, 3);
    return vdotq_laneq_s32(dots, high_nibbles(u.chunk[3]), x.high, 3);
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
        const GroupX own = load_group(x);
#pragma GCC unroll 8
        for (uint32_t b = 0; b < blocks; b++) {
            acc[b] = vmlal_s16(acc[b], vmovn_s32(group_dots(p[b], own)), load_scales(scales[b]));
            scales[b] += 4;
        }
        x += group_cols;
    } while (x < end);
#pragma GCC unroll 8
    for (uint32_t b = 0; b < blocks; b++) store_rows(acc[b], w.row_scales + 4 * b, x_scale, blocks == 1 ? w.rows : 4, y + 4 * b);
}

}  // namespace

void dotprod_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q4(w, x, count, y);
    matmul_by_blocks<8, rows_of<8>, rows_of<1>>(w, x, count, y);
}

}  // namespace mote
