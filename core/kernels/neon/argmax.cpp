// argmax: each lane keeps the largest of its column and where it stood.
#include "../lanes_argmax.h"
#include "neon.h"

#if defined(MOTE_HAS_NEON)

#include <arm_neon.h>

namespace mote {

uint32_t neon_argmax(const float* x, uint32_t n) {
    constexpr uint32_t lanes = 4;
    static constexpr uint32_t first_places[lanes] = {0, 1, 2, 3};
    if (n < lanes) return ref_argmax(x, n);
    uint32x4_t index = vld1q_u32(first_places), at = index;
    int32x4_t largest = vdupq_n_s32(-int32_t(infinity_bits)), sizes = vdupq_n_s32(0);
    uint32_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        const int32x4_t bits = vreinterpretq_s32_f32(vld1q_f32(x + i));
        const int32x4_t size = vandq_s32(bits, vdupq_n_s32(0x7fffffff)), sign = vshrq_n_s32(bits, 31);
        const int32x4_t order = vsubq_s32(veorq_s32(size, sign), sign);
        at = vbslq_u32(vcgtq_s32(order, largest), index, at);
        largest = vmaxq_s32(largest, order);
        sizes = vmaxq_s32(sizes, size);
        index = vaddq_u32(index, vdupq_n_u32(lanes));
    }
    int32_t most[lanes];
    uint32_t places[lanes];
    vst1q_s32(most, sizes);
    vst1q_u32(places, at);
    for (const int32_t size : most)
        if (uint32_t(size) >= infinity_bits) return n;
    return argmax_of_lanes(x, places, lanes, i, n);
}

}  // namespace mote

#endif
