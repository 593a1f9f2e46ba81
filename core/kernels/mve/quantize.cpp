// quantize: an activation vector to int8 with one scale, four elements at a time. The
// flush of denormals cannot be seen: what is below 2^-126, before or after the multiplication, vanishes against 1.5 * 2^23 in any case.
#include "mve.h"

#if defined(MOTE_HAS_MVE) && (__ARM_FEATURE_MVE & 2)

#include <arm_mve.h>

#include "../arithmetic.h"
#include "../ref/ref.h"

namespace mote {

void mve_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token) {
    const uint32_t whole = cols & ~3u;
    uint32x4_t most = vdupq_n_u32(0);
    for (uint32_t i = 0; i < whole; i += 4) most = vmaxq_u32(most, vandq_u32(vreinterpretq_u32_f32(vldrwq_f32(x + i)), vdupq_n_u32(0x7fffffff)));
    uint32_t largest = vmaxvq_u32(0, most);
    for (uint32_t i = whole; i < cols; i++) largest = magnitude(x[i]) > largest ? magnitude(x[i]) : largest;
    // Zeros, non-finite elements, vectors below 2^-90 and groups are ref's; from there on the reciprocal is normal, 2^-122 to 2^97.
    if (is_grouped(to) || largest >= infinity_bits || largest < 0x12800000) return ref_quantize_row(x, cols, to, token);

    int8_t* q = to.values + size_t(token) * to.stride;
    const float inverse = 127.0f / float_of(largest);
    for (uint32_t i = 0; i < whole; i += 4)
        vstrbq_s32(q + i, vreinterpretq_s32_f32(vaddq_n_f32(vmulq_n_f32(vldrwq_f32(x + i), inverse), 12582912.0f)));
    for (uint32_t i = whole; i < cols; i++) q[i] = int8_t(bits_of(x[i] * inverse + 12582912.0f) - 0x4b400000u);
    to.scales[token] = float_of(largest) / 127.0f;
    __builtin_memset(q + cols, 0, to.stride - cols);
}

}  // namespace mote

#endif
