// quantize: an activation vector to int8 with one scale, in integers, on cores without an FPU.
#include "thumb.h"

#if defined(MOTE_HAS_THUMB)

#include "../ref/ref.h"
#include "shift.h"
#include "soft.h"

namespace mote {
namespace {

// m * inverse / 2^32, both with the first one in bit 31 at most; less by `least` at most.
#if __ARM_ARCH_ISA_THUMB == 1
constexpr uint32_t least = 3u << 16;  // what two truncations to 16 bits lose
[[gnu::always_inline]] inline uint32_t scaled_by(uint32_t m, uint32_t inverse) { return (m >> 16) * (inverse >> 16); }
#else
constexpr uint32_t least = 2;
[[gnu::always_inline]] inline uint32_t scaled_by(uint32_t m, uint32_t inverse) { return multiply_wide(m, inverse).high; }
#endif

// As ref_quantize_row for one vector whose largest magnitude is `largest`. An element is its mantissa, shifted down to the exponent of the
// largest, times the inverse: a multiple of 2^-24 or 2^-25 (`point`), and the rounded product of ref differs from it by less than
// 2^-18 + least. Where a tie lies so near, ref's two roundings are done.
void round_to_int8(const float* x, uint32_t n, uint32_t largest, float inverse, int8_t* q) {
    const uint32_t exponent = largest >> 23, factor = mantissa_at_top(bits_of(inverse));
    const uint32_t point = 284 - exponent - exponent_bits(bits_of(inverse));
    const uint32_t half = 1u << (point - 1), zone = least + 256, fraction = (1u << point) - 1;
    for (const float* const end = x + n; x < end; x++) {
        const uint32_t bits = bits_of(*x);
        const uint32_t m = shift_right(mantissa_at_top(bits), exponent - exponent_bits(bits));
        const uint32_t up = scaled_by(m, factor) + (half + zone);  // at most 127.5 * 2^25 + zone
        int32_t rounded = int32_t(up >> point);
        if ((up & fraction) <= 2 * zone) rounded = int8_t(bits_of(float_of(bits & 0x7fffffffu) * inverse + 12582912.0f) - 0x4b400000u);
        const int32_t sign = int32_t(bits) >> 31;
        *q++ = int8_t((rounded ^ sign) - sign);
    }
}

}  // namespace

void thumb_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token) {
    uint32_t largest = 0;
    for (uint32_t i = 0; i < cols; i++) {
        const uint32_t m = magnitude(x[i]);
        if (m > largest) largest = m;
    }
    if (is_grouped(to) || largest >= infinity_bits || largest < smallest_magnitude) return ref_quantize_row(x, cols, to, token);
    int8_t* q = to.values + size_t(token) * to.stride;
    to.scales[token] = float_of(largest) / 127.0f;
    round_to_int8(x, cols, largest, 127.0f / float_of(largest), q);
    for (uint32_t i = cols; i < to.stride; i++) q[i] = 0;
}

}  // namespace mote

#endif
