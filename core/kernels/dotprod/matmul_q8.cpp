// matmul_q8: sixteen bytes are four columns of four rows, and SDOT by lane multiplies them with the four activations that a lane is.
#include "../neon/lanes.h"
#include "../ref/ref.h"
#include "dotprod.h"

namespace mote {
namespace {

template <uint32_t blocks>
void rows_of(const RowBlocks& w, const int8_t* x, float x_scale, float* y) {
    const uint32_t cols = w.cols;
    const int8_t* p[blocks];
    int32x4_t acc[blocks];
#pragma GCC unroll 8
    for (uint32_t b = 0; b < blocks; b++) acc[b] = vdupq_n_s32(0), p[b] = w.data + size_t(b) * cols * 4;
    const int8_t* end = x + cols;
    do {
        const int8x16_t own = load16(x);
#pragma GCC unroll 8
        for (uint32_t b = 0; b < blocks; b++) {
            const Unit u = next_unit(p[b]);
            acc[b] = vdotq_laneq_s32(acc[b], u.chunk[0], own, 0);
            acc[b] = vdotq_laneq_s32(acc[b], u.chunk[1], own, 1);
            acc[b] = vdotq_laneq_s32(acc[b], u.chunk[2], own, 2);
            acc[b] = vdotq_laneq_s32(acc[b], u.chunk[3], own, 3);
        }
        x += 16;
    } while (x < end);
#pragma GCC unroll 8
    for (uint32_t b = 0; b < blocks; b++) store_rows(acc[b], w.row_scales + 4 * b, x_scale, blocks == 1 ? w.rows : 4, y + 4 * b);
}

}  // namespace

void dotprod_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q8(w, x, count, y);
    matmul_by_blocks<4, rows_of<4>, rows_of<1>>(w, x, count, y);
}

}  // namespace mote
