// activation: SiLU by four elements; the exponential is the integer one of arithmetic.cpp, lane by lane. Helium flushes denormals and
// does not divide: only what cannot meet one, the exponential and 1 + e, is in vectors.
#include "mve.h"

#if defined(MOTE_HAS_MVE) && (__ARM_FEATURE_MVE & 2)

#include <arm_mve.h>

#include "../arithmetic.h"
#include "../ref/ref.h"

namespace mote {
namespace {

constexpr uint32_t lanes = 4;

uint32x4_t exp2_fraction4(uint32x4_t f) {
    uint32x4_t p = vaddq_n_u32(vmulhq_u32(vdupq_n_u32(0x007a5d3f), f), 0x024ef0aa);
    p = vaddq_n_u32(vmulhq_u32(p, f), 0x0e48e732);
    p = vaddq_n_u32(vmulhq_u32(p, f), 0x3d7b6adb);
    p = vaddq_n_u32(vmulhq_u32(p, f), 0xb1725d47);
    return vaddq_n_u32(vshrq_n_u32(vmulhq_u32(p, f), 1), 0x80000000);
}

// e^-x. The conversion saturates where x is refused below; a denormal and zero both convert to 0.
float32x4_t exponential_of_minus(float32x4_t x) {
    const int32x4_t fixed = vcvtq_s32_f32(vmulq_n_f32(x, -16777216.0f)), log2e = vdupq_n_s32(1549082005);
    const int32x4_t high = vmulhq_s32(fixed, log2e), low = vmulq_s32(fixed, log2e);  // log2 of the result, times 2^54
    const uint32x4_t fraction = vsriq_n_u32(vshlq_n_u32(vreinterpretq_u32_s32(high), 10), vreinterpretq_u32_s32(low), 22);
    const uint32x4_t rounded = vrshrq_n_u32(vshrq_n_u32(exp2_fraction4(fraction), 7), 1);
    const int32x4_t exponent = vaddq_n_s32(vshrq_n_s32(high, 22), 126);
    float32x4_t y = vreinterpretq_f32_u32(vaddq_u32(rounded, vreinterpretq_u32_s32(vshlq_n_s32(exponent, 23))));
    y = vpselq_f32(y, vdupq_n_f32(0), vcmpleq_n_f32(x, 87.0f));
    return vpselq_f32(vreinterpretq_f32_u32(vdupq_n_u32(infinity_bits)), y, vcmpltq_n_f32(x, -88.72f));
}

}  // namespace

void mve_activate(Activation activation, float* x, uint32_t n) {
    uint32_t i = 0;
    if (activation == Activation::silu)
        for (; i + lanes <= n; i += lanes) {
            const float32x4_t divisor = vaddq_n_f32(exponential_of_minus(vldrwq_f32(x + i)), 1.0f);
            const float s0 = vgetq_lane_f32(divisor, 0), s1 = vgetq_lane_f32(divisor, 1);
            const float s2 = vgetq_lane_f32(divisor, 2), s3 = vgetq_lane_f32(divisor, 3);
            x[i] = x[i] * (1.0f / s0), x[i + 1] = x[i + 1] * (1.0f / s1);  // NaN stays, whatever its divisor
            x[i + 2] = x[i + 2] * (1.0f / s2), x[i + 3] = x[i + 3] * (1.0f / s3);
        }
    ref_activate(activation, x + i, n - i);
}

void mve_gate(Activation activation, float* gate, const float* up, uint32_t n) {
    mve_activate(activation, gate, n);
    for (uint32_t i = 0; i < n; i++) gate[i] = gate[i] * up[i];
}

}  // namespace mote

#endif
