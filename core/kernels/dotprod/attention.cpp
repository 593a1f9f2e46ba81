// attention: dots by SDOT.
#include "../neon/attend.h"
#include "dotprod.h"

namespace mote {
namespace {

[[gnu::always_inline]] inline int32x4_t four_dots(const int8_t* query, const int8_t* keys, uint32_t head_dim) {
    const int32x4_t zero = vdupq_n_s32(0);
    if (head_dim == 8) {  // two keys a register
        const int8x16_t q = vcombine_s8(vld1_s8(query), vld1_s8(query));
        return vpaddq_s32(vdotq_s32(zero, load(keys), q), vdotq_s32(zero, load(keys + 16), q));
    }
    int32x4_t sums[4];
    for (uint32_t t = 0; t < 4; t++, keys += head_dim) {
        int32x4_t sum = zero;
        uint32_t i = 0;
        for (; i + 16 <= head_dim; i += 16) sum = vdotq_s32(sum, load(query + i), load(keys + i));
        if (i < head_dim) sum = vdotq_s32(sum, vcombine_s8(vld1_s8(query + i), vdup_n_s8(0)), vcombine_s8(vld1_s8(keys + i), vdup_n_s8(0)));
        sums[t] = sum;
    }
    return vpaddq_s32(vpaddq_s32(sums[0], sums[1]), vpaddq_s32(sums[2], sums[3]));
}

}  // namespace

void dotprod_attend_q8(const Attention& a, const float* q, float* out) { attend_q8<four_dots>(a, q, out); }

}  // namespace mote
