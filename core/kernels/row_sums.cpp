// row_sums: integers to floats, with an FPU or without.
#include "row_sums.h"

#if defined(__ARM_FP) && (__ARM_FP & 4)

namespace mote {

static float scaled(uint32_t sum, uint16_t row_scale, float x_scale) { return (float(int32_t(sum)) * bf16_to_f32(row_scale)) * x_scale; }

void scale_sums(uint32_t* sums, const uint16_t* row_scales, uint32_t rows, float x_scale) {
    float* y = reinterpret_cast<float*>(sums);
    uint32_t r = 0;
    for (; r + 4 <= rows; r += 4, y += 4, sums += 4, row_scales += 4) {
        const float y0 = scaled(sums[0], row_scales[0], x_scale), y1 = scaled(sums[1], row_scales[1], x_scale);
        const float y2 = scaled(sums[2], row_scales[2], x_scale), y3 = scaled(sums[3], row_scales[3], x_scale);
        y[0] = y0, y[1] = y1, y[2] = y2, y[3] = y3;
    }
    for (; r < rows; r++) *y++ = scaled(*sums++, *row_scales++, x_scale);
}

}  // namespace mote

#else

#include "thumb/soft.h"

namespace mote {

static float scaled_unusual(uint32_t sum, uint16_t row_scale, float x_scale) {
    return (float(int32_t(sum)) * bf16_to_f32(row_scale)) * x_scale;
}

// Row scales of 2^-95 to 2^33 and vectors' of 2^-31 to 2^33 keep each step within the normal floats. A sum of 24 bits is a float, and times
// the 8 of a row's scale it has 32; what is rounded to 24 is float(sum) * row scale.
void scale_sums(uint32_t* sums, const uint16_t* row_scales, uint32_t rows, float x_scale) {
    const uint32_t x = bits_of(x_scale), x_mantissa = mantissa_at_top(x);
    const bool usual = x - 0x30000000u <= 0x20000000u;
    const uint32_t most = usual ? 0x4000 : 0, base = (x >> 23) - 127 + 24;
    for (const uint16_t* const end = row_scales + rows; row_scales < end; sums++) {
        const uint32_t sum = *sums, row = *row_scales++, m = int32_t(sum) < 0 ? 0u - sum : sum;
        if (m == 0 && row < 0x7f80u && usual) continue;
        if (row - 0x1000u >= most || m >> 24) {
            *sums = bits_of(scaled_unusual(sum, uint16_t(row), x_scale));
            continue;
        }
        uint32_t p = m * ((row & 0x7fu) | 0x80u);
        const uint32_t zeros = leading_zeros(p);
        p <<= zeros;
        uint32_t exponent = base + (row >> 7) - zeros;
        const uint32_t rounded = p + 0x7fu + (p >> 8 & 1u);
        if (rounded < p) p = 0x80000000u, exponent++;  // the carry
        else p = rounded & ~0xffu;
        *sums = (sum & 0x80000000u) | multiply_mantissas(p, x_mantissa, exponent);
    }
}

}  // namespace mote

#endif
