// attention: dots by multiplying int8 to int16. |q| is at most 127 and |k| at most 128, so two products stay within 32512.
#include "attend.h"
#include "neon.h"

namespace mote {
namespace {

[[gnu::always_inline]] inline int32x4_t four_dots(const int8_t* query, const int8_t* keys, uint32_t head_dim) {
    if (head_dim == 8) {
        const int8x8_t q = vld1_s8(query);
        const int8x16_t k01 = load(keys), k23 = load(keys + 16);
        const int16x8_t pairs01 = add_neighbours(vmull_s8(vget_low_s8(k01), q), vmull_s8(vget_high_s8(k01), q));
        const int16x8_t pairs23 = add_neighbours(vmull_s8(vget_low_s8(k23), q), vmull_s8(vget_high_s8(k23), q));
        return add_neighbours(vpaddlq_s16(pairs01), vpaddlq_s16(pairs23));
    }
    int32x4_t sums[4];
    for (uint32_t t = 0; t < 4; t++, keys += head_dim) {
        int32x4_t sum = vdupq_n_s32(0);
        uint32_t i = 0;
        for (; i + 16 <= head_dim; i += 16) {
            const int8x16_t q = load(query + i), k = load(keys + i);
            sum = vpadalq_s16(sum, vmlal_s8(vmull_s8(vget_low_s8(q), vget_low_s8(k)), vget_high_s8(q), vget_high_s8(k)));
        }
        if (i < head_dim) sum = vpadalq_s16(sum, vmull_s8(vld1_s8(query + i), vld1_s8(keys + i)));
        sums[t] = sum;
    }
    return add_neighbours(add_neighbours(sums[0], sums[1]), add_neighbours(sums[2], sums[3]));
}

}  // namespace

void neon_attend_q8(const Attention& a, const float* q, float* out) { attend_q8<four_dots>(a, q, out); }

}  // namespace mote
