// activation: SiLU, and on AArch64 GELU (tanh), by four elements; the exponential is the integer one of arithmetic.cpp, lane by lane.
// Armv7 has no vector division and flushes denormals: only what cannot meet one, the exponential and 1 + e, is in vectors there.
#include "../ref/ref.h"
#include "lanes.h"
#include "neon.h"

namespace mote {
namespace {

constexpr uint32_t lanes = 4;

// The upper halves of 64-bit lanes.
[[gnu::always_inline]] inline uint32x4_t upper_halves(uint64x2_t low, uint64x2_t high) {
    return vuzpq_u32(vreinterpretq_u32_u64(low), vreinterpretq_u32_u64(high)).val[1];
}

// The upper halves of unsigned 32-bit products.
[[gnu::always_inline]] inline uint32x4_t multiply_high4(uint32x4_t a, uint32x4_t b) {
    return upper_halves(vmull_u32(vget_low_u32(a), vget_low_u32(b)), vmull_u32(vget_high_u32(a), vget_high_u32(b)));
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
    const int64x2_t low = vmull_s32(vget_low_s32(fixed), vget_low_s32(log2e)), high = vmull_s32(vget_high_s32(fixed), vget_high_s32(log2e));
    const uint32x4_t fraction = vreinterpretq_u32_s32(vcombine_s32(vshrn_n_s64(low, 22), vshrn_n_s64(high, 22)));
    const int32x4_t exponent = vshrq_n_s32(vreinterpretq_s32_u32(upper_halves(vreinterpretq_u64_s64(low), vreinterpretq_u64_s64(high))), 22);
    const uint32x4_t rounded = vrshrq_n_u32(vshrq_n_u32(exp2_fraction4(fraction), 7), 1);
    const uint32x4_t bits = vaddq_u32(rounded, vshlq_n_u32(vreinterpretq_u32_s32(vaddq_s32(exponent, vdupq_n_s32(126))), 23));
    float32x4_t y = vreinterpretq_f32_u32(vandq_u32(bits, vcgeq_f32(x, vdupq_n_f32(-87.0f))));  // 0 below -87
    y = vbslq_f32(vcgtq_f32(x, vdupq_n_f32(88.72f)), vreinterpretq_f32_u32(vdupq_n_u32(infinity_bits)), y);
    return vbslq_f32(vceqq_f32(x, x), y, x);  // NaN stays
}

#if defined(__aarch64__)

[[gnu::always_inline]] inline float32x4_t sigmoid4(float32x4_t x) {
    const float32x4_t one = vdupq_n_f32(1.0f);
    return vdivq_f32(one, vaddq_f32(one, exponential4(vnegq_f32(x))));
}

[[gnu::always_inline]] inline float32x4_t gelu_tanh4(float32x4_t x) {
    const float32x4_t cube = vmulq_f32(vmulq_f32(x, x), x);
    return vmulq_f32(x, sigmoid4(vmulq_n_f32(vaddq_f32(x, vmulq_n_f32(cube, 0.044715f)), 1.59576912f)));
}

[[gnu::always_inline]] inline void silu_at(float* x) {
    const float32x4_t v = load4(x);
    store(x, vmulq_f32(v, sigmoid4(v)));
}

#else

[[gnu::always_inline]] inline void silu_at(float* x) {
    float divisor[lanes];
    store(divisor, vaddq_f32(vdupq_n_f32(1.0f), exponential4(vnegq_f32(load4(x)))));
    for (uint32_t i = 0; i < lanes; i++) x[i] = x[i] * (1.0f / divisor[i]);
}

#endif

}  // namespace

void neon_activate(Activation activation, float* x, uint32_t n) {
    uint32_t i = 0;
    if (activation == Activation::silu)
        for (; i + lanes <= n; i += lanes) silu_at(x + i);
#if defined(__aarch64__)
    if (activation == Activation::gelu_tanh)
        for (; i + lanes <= n; i += lanes) store(x + i, gelu_tanh4(load4(x + i)));
#endif
    ref_activate(activation, x + i, n - i);
}

void neon_gate(Activation activation, float* gate, const float* up, uint32_t n) {
    neon_activate(activation, gate, n);
    uint32_t i = 0;
#if defined(__aarch64__)
    for (; i + lanes <= n; i += lanes) store(gate + i, vmulq_f32(load4(gate + i), load4(up + i)));
#endif
    for (; i < n; i++) gate[i] = gate[i] * up[i];
}

}  // namespace mote
