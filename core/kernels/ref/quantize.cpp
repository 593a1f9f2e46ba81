// quantize: an activation vector to int8.
#include "../arithmetic.h"
#include "ref.h"

namespace mote {

static uint32_t largest_magnitude(const float* x, uint32_t n) {
    uint32_t largest = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t m = magnitude(x[i]);
        if (m > largest) largest = m;
    }
    return largest;
}

// |x * inverse| <= 127.0001, so adding 1.5 * 2^23 leaves the integer, rounded to nearest even, in the low bits.
static void round_to_int8(const float* x, uint32_t n, float inverse, int8_t* q) {
    for (uint32_t i = 0; i < n; i++) q[i] = int8_t(bits_of(x[i] * inverse + 12582912.0f) - 0x4b400000u);
}

static float quantize_by_vector(const float* x, uint32_t cols, uint32_t largest, int8_t* q) {
    const float scale = float_of(largest) / 127.0f;
    round_to_int8(x, cols, 127.0f / float_of(largest), q);
    return scale;
}

// Each group of 32 columns takes the exponent of its own largest element, up to 15 below that of the vector.
static float quantize_by_group(const float* x, uint32_t cols, uint32_t largest, int8_t* q, uint8_t* exponents) {
    for (uint32_t begin = 0; begin < cols; begin += group_cols) {
        const uint32_t n = cols - begin < group_cols ? cols - begin : group_cols;
        const uint32_t own = largest_magnitude(x + begin, n);
        // The largest power of two by which the group can be magnified while staying at or below `largest`.
        int32_t down = own ? int32_t(largest >> 23) - int32_t(own >> 23) : 15;
        if ((own & 0x7fffffu) > (largest & 0x7fffffu)) down--;
        down = down < 0 ? 0 : down > 15 ? 15 : down;
        const float magnify = float_of(uint32_t(127 + down) << 23);
        round_to_int8(x + begin, n, (127.0f / float_of(largest)) * magnify, q + begin);
        exponents[begin / group_cols] = uint8_t(15 - down);
    }
    return float_of(largest) / 127.0f * 3.0517578125e-5f;  // 2^-15
}

void ref_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token) {
    int8_t* q = to.values + size_t(token) * to.stride;
    uint8_t* exponents = is_grouped(to) ? to.exponents + size_t(token) * (to.stride / group_cols) : nullptr;
    const uint32_t largest = largest_magnitude(x, cols);
    uint32_t filled = cols;
    if (largest >= infinity_bits || largest < smallest_magnitude) {
        to.scales[token] = largest < smallest_magnitude ? 0 : float_of(nan_bits);
        filled = 0;
    } else {
        to.scales[token] = exponents ? quantize_by_group(x, cols, largest, q, exponents) : quantize_by_vector(x, cols, largest, q);
    }
    __builtin_memset(q + filled, 0, to.stride - filled);
    if (exponents)
        for (uint32_t g = (filled + group_cols - 1) / group_cols; g < to.stride / group_cols; g++) exponents[g] = 0;
}

}  // namespace mote
