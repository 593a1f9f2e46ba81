// activation: SiLU and GELU (tanh) by four elements; the exponential is the integer one of arithmetic.cpp, lane by lane. AArch64.
#include "../ref/ref.h"
#include "lanes.h"
#include "neon.h"

namespace mote {
namespace {

constexpr uint32_t lanes = 4;

// The upper halves of unsigned 32-bit products.
[[gnu::always_inline]] inline uint32x4_t multiply_high4(uint32x4_t a, uint32x4_t b) {
    const uint64x2_t low = vmull_u32(vget_low_u32(a), vget_low_u32(b)), high = vmull_high_u32(a, b);
    return vuzp2q_u32(vreinterpretq_u32_u64(low), vreinterpretq_u32_u64(high));
}

[[gnu::always_inline]] inline uint32x4_t exp2_fraction4(uint32x4_t f) {
    uint32x4_t p = vaddq_u32(vdupq_n_u32(0x024ef0aa), multiply_high4(vdupq_n_u32(0x007a5d3f), f));
    p = vaddq_u32(vdupq_n_u32(0x0e48e732), multiply_high4(p, f));
    p = vaddq_u32(vdupq_n_u32(0x3d7b6adb), multiply_high4(p, f));
    p = vaddq_u32(vdupq_n_u32(0xb1725d47), multiply_high4(p, f));
    return vsraq_n_u32(vdupq_n_u32(0x80000000), multiply_high4(p, f), 1);
}

[[gnu::always_inline]] inline float32x4_t exponential4(float32x4_t x) {
    // log2 of the result times 2^54: bits 22 to 53 are the fraction, those above the exponent. FCVTZS saturates where x is refused below.
    const int32x4_t fixed = vcvtq_s32_f32(vmulq_n_f32(x, 16777216.0f));
    const int32x4_t log2e = vdupq_n_s32(1549082005);
    const int64x2_t low = vmull_s32(vget_low_s32(fixed), vget_low_s32(log2e)), high = vmull_high_s32(fixed, log2e);
    const uint32x4_t fraction = vreinterpretq_u32_s32(vcombine_s32(vshrn_n_s64(low, 22), vshrn_n_s64(high, 22)));
    const int32x4_t exponent = vshrq_n_s32(vuzp2q_s32(vreinterpretq_s32_s64(low), vreinterpretq_s32_s64(high)), 22);
    const uint32x4_t rounded = vrshrq_n_u32(vshrq_n_u32(exp2_fraction4(fraction), 7), 1);
    const uint32x4_t bits = vaddq_u32(rounded, vshlq_n_u32(vreinterpretq_u32_s32(vaddq_s32(exponent, vdupq_n_s32(126))), 23));
    float32x4_t y = vreinterpretq_f32_u32(vandq_u32(bits, vcgeq_f32(x, vdupq_n_f32(-87.0f))));  // 0 below -87
    y = vbslq_f32(vcgtq_f32(x, vdupq_n_f32(88.72f)), vreinterpretq_f32_u32(vdupq_n_u32(infinity_bits)), y);
    return vbslq_f32(vceqq_f32(x, x), y, x);  // NaN stays
}

[[gnu::always_inline]] inline float32x4_t sigmoid4(float32x4_t x) {
    const float32x4_t one = vdupq_n_f32(1.0f);
    return vdivq_f32(one, vaddq_f32(one, exponential4(vnegq_f32(x))));
}

[[gnu::always_inline]] inline float32x4_t silu4(float32x4_t x) { return vmulq_f32(x, sigmoid4(x)); }

[[gnu::always_inline]] inline float32x4_t gelu_tanh4(float32x4_t x) {
    const float32x4_t cube = vmulq_f32(vmulq_f32(x, x), x);
    return vmulq_f32(x, sigmoid4(vmulq_n_f32(vaddq_f32(x, vmulq_n_f32(cube, 0.044715f)), 1.59576912f)));
}

}  // namespace

void neon_activate(Activation activation, float* x, uint32_t n) {
    uint32_t i = 0;
    if (activation == Activation::silu)
        for (; i + lanes <= n; i += lanes) store(x + i, silu4(load4(x + i)));
    if (activation == Activation::gelu_tanh)
        for (; i + lanes <= n; i += lanes) store(x + i, gelu_tanh4(load4(x + i)));
    ref_activate(activation, x + i, n - i);
}

void neon_gate(Activation activation, float* gate, const float* up, uint32_t n) {
    neon_activate(activation, gate, n);
    uint32_t i = 0;
    for (; i + lanes <= n; i += lanes) store(gate + i, vmulq_f32(load4(gate + i), load4(up + i)));
    for (; i < n; i++) gate[i] = gate[i] * up[i];
}

}  // namespace mote
