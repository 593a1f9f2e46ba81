// matmul_q4: the loops over rows, groups and tokens of the rows with 256 bits.
#pragma once

#include <immintrin.h>

#include "../ref/ref.h"
#include "store.h"

namespace mote {

/// One q4 matrix times some vectors.
///   Group  a group's activations as the row's instructions want them: Group(x) from 32 columns, and group.add(acc, w, scales), acc
///   and
///          64 bytes of four rows times them, the sums of rows 0 to 3 in both halves. In an unnamed namespace, so that each row's
///          file has its own copy of what is here.
template <class Group, uint32_t blocks>
static void matvec_q4(const uint8_t* w, const int8_t* scales, uint32_t groups, const int8_t* x, __m128i sums[]) {
    __m256i acc[blocks];
    for (uint32_t b = 0; b < blocks; b++) acc[b] = _mm256_setzero_si256();
    for (uint32_t g = 0; g < groups; g++) {
        const Group own(x + g * group_cols);
        for (uint32_t b = 0; b < blocks; b++) {
            const size_t unit = size_t(b) * groups + g;
            acc[b] = own.add(acc[b], w + unit * 64, scales + unit * 4);
        }
    }
    for (uint32_t b = 0; b < blocks; b++) sums[b] = add_halves(acc[b]);
}

template <class Group>
static void matmul_q4_by(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (x.exponents) return ref_matmul_q4(w, x, count, y);
    const uint32_t groups = padded_cols(Format::q4, w.cols) / group_cols;
    for (uint32_t row = 0, blocks; row < w.rows; row += 4 * blocks) {
        const size_t unit = size_t(row / 4) * groups;
        blocks = w.rows - row >= 4 * most_blocks ? most_blocks : 1;
        for (uint32_t token = 0; token < count; token++) {
            __m128i sums[most_blocks];
            const int8_t* v = x.values + size_t(token) * x.stride;
            if (blocks == most_blocks)
                matvec_q4<Group, most_blocks>(w.data + unit * 64, w.group_scales + unit * 4, groups, v, sums);
            else
                matvec_q4<Group, 1>(w.data + unit * 64, w.group_scales + unit * 4, groups, v, sums);
            for (uint32_t b = 0; b < blocks; b++)
                store_rows(sums[b], w.row_scales + row + 4 * b, x.scales[token], w.rows - row - 4 * b,
                           y + size_t(token) * w.rows + row + 4 * b);
        }
    }
}

}  // namespace mote
