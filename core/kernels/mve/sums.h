// sums: where the matrix kernels of this row leave their integer sums, and how these become the result.
#pragma once

#include "../arithmetic.h"

namespace mote {

/// y[r] = (float(sum[r]) * row scale) * x scale in place, for `blocks` (1 and more) times four rows. x_scale is its bits.
void mve_scale_sums(uint32_t* sums, const uint16_t* row_scales, uint32_t blocks, uint32_t x_scale);

/// The sums of one vector's product: in place of y for whole blocks of four rows, here for the rows that are left.
struct MveSums {
    uint32_t* whole;
    uint32_t rows;
    uint32_t left[4] = {0, 0, 0, 0};

    MveSums(float* y, uint32_t count) : whole(reinterpret_cast<uint32_t*>(y)), rows(count) {}

    /// The file pads row scales to whole blocks.
    void scale(const uint16_t* row_scales, float x_scale) {
        const uint32_t in_blocks = rows & ~3u;
        if (in_blocks) mve_scale_sums(whole, row_scales, in_blocks / 4, bits_of(x_scale));
        if (in_blocks == rows) return;
        mve_scale_sums(left, row_scales + in_blocks, 1, bits_of(x_scale));
        for (uint32_t r = in_blocks; r < rows; r++) whole[r] = left[r & 3u];
    }
};

}  // namespace mote
