// row_sums: where the sums of rows wait on cores that take the columns a slab at a time: in the place of the result.
#pragma once

#include "arithmetic.h"

namespace mote {

/// The sums of one vector's product: in place of y for whole blocks of four rows, here for the rows that are left.
struct RowSums {
    uint32_t* whole;
    uint32_t* whole_end;
    uint32_t left[4] = {0, 0, 0, 0};

    RowSums(float* y, uint32_t rows) : whole(reinterpret_cast<uint32_t*>(y)), whole_end(whole + (rows & ~3u)) {
        for (uint32_t* s = whole; s < whole_end; s += 4) s[0] = 0, s[1] = 0, s[2] = 0, s[3] = 0;
    }

    /// y = (float(sum) * row scale) * x scale.
    void scale(uint32_t rows, const uint16_t* row_scales, float x_scale) const {
        float* y = reinterpret_cast<float*>(whole);
        const uint32_t in_blocks = rows & ~3u;
        for (uint32_t r = 0; r < in_blocks; r += 4, y += 4, row_scales += 4)
            for (uint32_t i = 0; i < 4; i++) y[i] = scaled(bits_of(y[i]), row_scales[i], x_scale);
        for (uint32_t i = 0; i < rows - in_blocks; i++) y[i] = scaled(left[i], row_scales[i], x_scale);
    }

private:
    static float scaled(uint32_t sum, uint16_t row_scale, float x_scale) { return (float(int32_t(sum)) * bf16_to_f32(row_scale)) * x_scale; }
};

}  // namespace mote
