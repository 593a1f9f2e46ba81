// quantize: an activation vector to int8 with one scale, eight elements at a time. Armv7 flushes denormals here too, which cannot be
// seen: what is below 2^-126, before or after the multiplication, vanishes against 1.5 * 2^23 in any case.
#include "../ref/ref.h"
#include "lanes.h"
#include "neon.h"

namespace mote {
namespace {

constexpr uint32_t lanes = 4;

[[gnu::always_inline]] inline uint32x4_t magnitudes(const float* x) {
    return vbicq_u32(vreinterpretq_u32_f32(load4(x)), vdupq_n_u32(0x80000000));
}

uint32_t largest_magnitude(const float* x, uint32_t n) {
    uint32x4_t largest = vdupq_n_u32(0);
    const float *const end = x + n, *const whole = x + (n & ~7u);
    for (; x < whole; x += 8) largest = vmaxq_u32(vmaxq_u32(largest, magnitudes(x)), magnitudes(x + lanes));
    const uint32x2_t two = vmax_u32(vget_low_u32(largest), vget_high_u32(largest));
    uint32_t most = vget_lane_u32(vpmax_u32(two, two), 0);
    for (; x < end; x++) most = magnitude(*x) > most ? magnitude(*x) : most;
    return most;
}

// Adding 1.5 * 2^23 leaves the integer, rounded to nearest even, in the low bits; narrowing twice keeps the lowest eight.
[[gnu::always_inline]] inline uint16x4_t rounded(const float* x, float inverse) {
    return vmovn_u32(vreinterpretq_u32_f32(vaddq_f32(vmulq_n_f32(load4(x), inverse), vdupq_n_f32(12582912.0f))));
}

void round_to_int8(const float* x, uint32_t n, float inverse, int8_t* q) {
    const float *const end = x + n, *const whole = x + (n & ~7u);
    for (; x < whole; x += 8, q += 8) store(q, vreinterpret_s8_u8(vmovn_u16(vcombine_u16(rounded(x, inverse), rounded(x + lanes, inverse)))));
    for (; x < end; x++) *q++ = int8_t(bits_of(*x * inverse + 12582912.0f) - 0x4b400000u);
}

}  // namespace

void neon_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token) {
    const uint32_t largest = largest_magnitude(x, cols);
    if (is_grouped(to) || largest >= infinity_bits || largest < smallest_magnitude) return ref_quantize_row(x, cols, to, token);
    int8_t* q = to.values + size_t(token) * to.stride;
    to.scales[token] = float_of(largest) / 127.0f;
    round_to_int8(x, cols, 127.0f / float_of(largest), q);
    for (int8_t *at = q + cols, *const end = q + to.stride; at < end; at++) *at = 0;
}

}  // namespace mote
