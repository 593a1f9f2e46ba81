// row_sums: where the sums of rows wait on cores that take the columns a slab at a time, in the place of the result; and how they
// become floats.
#pragma once

#include "arithmetic.h"

namespace mote {

/// sums[r] = bits of (float(sums[r]) * row scale) * x scale, in place.
void scale_sums(uint32_t* sums, const uint16_t* row_scales, uint32_t rows, float x_scale);

/// The sums of one vector's product: in place of y for whole blocks of four rows, here for the rows that are left.
struct RowSums {
    uint32_t* whole;
    uint32_t* whole_end;
    uint32_t left[4] = {0, 0, 0, 0};

    RowSums(float* y, uint32_t rows) : whole(reinterpret_cast<uint32_t*>(y)), whole_end(whole + (rows & ~3u)) {
        for (uint32_t* s = whole; s < whole_end; s += 4) s[0] = 0, s[1] = 0, s[2] = 0, s[3] = 0;
    }

    void scale(uint32_t rows, const uint16_t* row_scales, float x_scale) {
        const uint32_t in_blocks = rows & ~3u, rest = rows - in_blocks;
        if (in_blocks) scale_sums(whole, row_scales, in_blocks, x_scale);
        if (!rest) return;
        scale_sums(left, row_scales + in_blocks, rest, x_scale);
        for (uint32_t i = 0; i < rest; i++) whole_end[i] = left[i];
    }
};

}  // namespace mote
