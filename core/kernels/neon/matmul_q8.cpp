// matmul_q8: sixteen bytes are four columns of four rows; their four activations stand in all four rows' places.
#include "../ref/ref.h"
#include "lanes.h"
#include "neon.h"

namespace mote {
namespace {

// Sums of two rows each, a row's in two neighbouring lanes.
struct Sums {
    int32x4_t rows01, rows23;
};

// |w| is at most 128 and |x| at most 127, so two products stay within 2 * 128 * 127 = 32512: int16 is enough for eight columns.
[[gnu::always_inline]] inline void add(Sums& s, const Products& p) {
    s.rows01 = vpadalq_s16(s.rows01, p.rows01);
    s.rows23 = vpadalq_s16(s.rows23, p.rows23);
}

template <uint32_t blocks>
void rows_of(const RowBlocks& w, const int8_t* x, float x_scale, float* y) {
    const uint32_t cols = w.cols;
    const int8_t* p[blocks];
    Sums acc[blocks];
#pragma GCC unroll 8
    for (uint32_t b = 0; b < blocks; b++) acc[b] = {vdupq_n_s32(0), vdupq_n_s32(0)}, p[b] = w.data + size_t(b) * cols * 4;
    const int8_t* end = x + cols;
    do {
        const int8x16_t own = load16(x);
        const Spread x0 = spread<0>(own), x1 = spread<1>(own), x2 = spread<2>(own), x3 = spread<3>(own);
#pragma GCC unroll 8
        for (uint32_t b = 0; b < blocks; b++) {
            const Unit u = next_unit(p[b]);
            add(acc[b], multiply_add(multiply(u.chunk[0], x0), u.chunk[1], x1));
            add(acc[b], multiply_add(multiply(u.chunk[2], x2), u.chunk[3], x3));
        }
        x += 16;
    } while (x < end);
#pragma GCC unroll 8
    for (uint32_t b = 0; b < blocks; b++)
        store_rows(add_neighbours(acc[b].rows01, acc[b].rows23), w.row_scales + 4 * b, x_scale, blocks == 1 ? w.rows : 4, y + 4 * b);
}

#if defined(__aarch64__)
constexpr uint32_t most = 4;
#else
constexpr uint32_t most = 2;  // as many as 16 registers hold
#endif

}  // namespace

void neon_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x)) return ref_matmul_q8(w, x, count, y);
    matmul_by_blocks<most, rows_of<most>, rows_of<1>>(w, x, count, y);
}

}  // namespace mote
