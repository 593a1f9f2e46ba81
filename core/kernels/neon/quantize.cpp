// quantize: an activation vector to int8 with one scale, eight elements at a time. Armv7 flushes denormals here too, which cannot be
// seen: what is below 2^-126, before or after the multiplication, vanishes against 1.5 * 2^23 in any case.
#include "../ref/ref.h"
#include "lanes.h"
#include "neon.h"

namespace mote {
namespace {

constexpr uint32_t lanes = 4;

uint32_t largest_magnitude(const float* x, uint32_t n) {
    uint32x4_t largest = vdupq_n_u32(0);
    uint32_t i = 0;
    for (; i + lanes <= n; i += lanes) largest = vmaxq_u32(largest, vbicq_u32(vreinterpretq_u32_f32(load4(x + i)), vdupq_n_u32(0x80000000)));
    const uint32x2_t two = vmax_u32(vget_low_u32(largest), vget_high_u32(largest));
    uint32_t most = vget_lane_u32(vpmax_u32(two, two), 0);
    for (; i < n; i++) most = magnitude(x[i]) > most ? magnitude(x[i]) : most;
    return most;
}

// Adding 1.5 * 2^23 leaves the integer, rounded to nearest even, in the low bits; narrowing twice keeps the lowest eight.
[[gnu::always_inline]] inline uint16x4_t rounded(const float* x, float inverse) {
    return vmovn_u32(vreinterpretq_u32_f32(vaddq_f32(vmulq_n_f32(load4(x), inverse), vdupq_n_f32(12582912.0f))));
}

void round_to_int8(const float* x, uint32_t n, float inverse, int8_t* q) {
    uint32_t i = 0;
    for (; i + 8 <= n; i += 8) store(q + i, vreinterpret_s8_u8(vmovn_u16(vcombine_u16(rounded(x + i, inverse), rounded(x + i + 4, inverse)))));
    for (; i < n; i++) q[i] = int8_t(bits_of(x[i] * inverse + 12582912.0f) - 0x4b400000u);
}

}  // namespace

void neon_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token) {
    const uint32_t largest = largest_magnitude(x, cols);
    if (is_grouped(to) || largest >= infinity_bits || largest < smallest_magnitude) return ref_quantize_row(x, cols, to, token);
    int8_t* q = to.values + size_t(token) * to.stride;
    to.scales[token] = float_of(largest) / 127.0f;
    round_to_int8(x, cols, 127.0f / float_of(largest), q);
    for (uint32_t i = cols; i < to.stride; i++) q[i] = 0;
}

}  // namespace mote
