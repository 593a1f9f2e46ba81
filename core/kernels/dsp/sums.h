// sums: what the matrix kernels of this row share. Widened activations take stack, so columns are taken a slab at a time, and
// until the last slab the sums of a row wait as integers in the place of its result.
#pragma once

#include "../arithmetic.h"

namespace mote {

/// Two int8 as the int16 halves that SMLAD multiplies.
inline uint32_t pair(int8_t low, int8_t high) { return uint32_t(uint16_t(low)) | uint32_t(uint16_t(high)) << 16; }

/// The sums of one vector's product: in place of y for whole blocks of four rows, here for the rows that are left.
struct RowSums {
    uint32_t* whole;
    uint32_t rows;
    uint32_t left[4] = {0, 0, 0, 0};

    RowSums(float* y, uint32_t count) : whole(reinterpret_cast<uint32_t*>(y)), rows(count) {
        for (uint32_t r = 0; r < (rows & ~3u); r++) whole[r] = 0;
    }
    uint32_t* block(uint32_t row) { return rows - row < 4 ? left : whole + row; }

    /// y = (float(sum) * row scale) * x scale.
    void scale(const uint16_t* row_scales, float x_scale) {
        for (uint32_t r = rows & ~3u; r < rows; r++) whole[r] = left[r & 3u];
        for (uint32_t r = 0; r < rows; r++) whole[r] = bits_of((float(int32_t(whole[r])) * bf16_to_f32(row_scales[r])) * x_scale);
    }
};

}  // namespace mote
