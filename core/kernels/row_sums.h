// row_sums: where the sums of rows wait on cores that take the columns a slab at a time: in the place of the result.
#pragma once

#include "arithmetic.h"
#if !defined(__ARM_FP)
#include "thumb/soft.h"
#endif

namespace mote {

#if defined(__ARM_FP)
static inline float scaled(uint32_t sum, uint16_t row_scale, float x_scale) { return (float(int32_t(sum)) * bf16_to_f32(row_scale)) * x_scale; }
#else
// Between these bounds no step leaves the normal floats: 2^-95 to 2^33 for a row's scale, 2^-31 to 2^33 for the vector's.
[[gnu::always_inline]] static inline bool is_usual_row_scale(uint32_t bits) { return bits - 0x1000u <= 0x4000u; }
[[gnu::always_inline]] static inline bool is_usual_x_scale(uint32_t bits) { return bits - 0x30000000u <= 0x20000000u; }

static inline float scaled(uint32_t sum, uint16_t row_scale, float x_scale) {
    const uint32_t m = int32_t(sum) < 0 ? 0u - sum : sum, x = bits_of(x_scale);
    if (!is_usual_row_scale(row_scale) || !is_usual_x_scale(x) || m >> 24) return (float(int32_t(sum)) * bf16_to_f32(row_scale)) * x_scale;
    if (m == 0) return 0;
    // 24 bits times 8 are 32; rounded to 24 they are float(sum) * row scale.
    uint32_t p = m * ((row_scale & 0x7fu) | 0x80u);
    const uint32_t zeros = leading_zeros(p);
    p <<= zeros;
    uint32_t exponent = (row_scale >> 7) + exponent_bits(x) - 126 + 24 - zeros;
    const uint32_t rounded = p + 0x7fu + (p >> 8 & 1u);
    if (rounded < p) p = 0x80000000u, exponent++;  // the carry
    else p = rounded & ~0xffu;
    return float_of((sum & 0x80000000u) | multiply_mantissas(p, mantissa_at_top(x), exponent));
}
#endif

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
};

}  // namespace mote
