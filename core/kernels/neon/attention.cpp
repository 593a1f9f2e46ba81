// attention: dots by multiplying int8 to int16. |q| is at most 127 and |k| at most 128, so two products stay within 32512.
#include "attend.h"
#include "neon.h"

namespace mote {
namespace {

[[gnu::always_inline]] inline int16x8_t products16(int8x16_t q, int8x16_t k) {
    return vmlal_s8(vmull_s8(vget_low_s8(q), vget_low_s8(k)), vget_high_s8(q), vget_high_s8(k));
}

[[gnu::always_inline]] inline int32x4_t four_dots(const int8_t* query, const int8_t* keys, size_t head_dim) {
    if (head_dim == 8) {
        const int8x8_t q = load8(query);
        const int8x16_t k01 = load16(keys), k23 = load16(keys + 16);
        const int16x8_t pairs01 = add_neighbours(vmull_s8(vget_low_s8(k01), q), vmull_s8(vget_high_s8(k01), q));
        const int16x8_t pairs23 = add_neighbours(vmull_s8(vget_low_s8(k23), q), vmull_s8(vget_high_s8(k23), q));
        return add_neighbours(vpaddlq_s16(pairs01), vpaddlq_s16(pairs23));
    }
    const int8_t *k0 = keys, *k1 = k0 + head_dim, *k2 = k1 + head_dim, *k3 = k2 + head_dim;
    int32x4_t s0 = vdupq_n_s32(0), s1 = s0, s2 = s0, s3 = s0;
    for (size_t left = head_dim / 16; left; left--, query += 16, k0 += 16, k1 += 16, k2 += 16, k3 += 16) {
        const int8x16_t q = load16(query);
        s0 = vpadalq_s16(s0, products16(q, load16(k0)));
        s1 = vpadalq_s16(s1, products16(q, load16(k1)));
        s2 = vpadalq_s16(s2, products16(q, load16(k2)));
        s3 = vpadalq_s16(s3, products16(q, load16(k3)));
    }
    if (head_dim % 16) {
        const int8x8_t q = load8(query);
        s0 = vpadalq_s16(s0, vmull_s8(q, load8(k0)));
        s1 = vpadalq_s16(s1, vmull_s8(q, load8(k1)));
        s2 = vpadalq_s16(s2, vmull_s8(q, load8(k2)));
        s3 = vpadalq_s16(s3, vmull_s8(q, load8(k3)));
    }
    return add_neighbours(add_neighbours(s0, s1), add_neighbours(s2, s3));
}

}  // namespace

void neon_attend_q8(const Attention& a, const float* q, float* out) { attend_q8<four_dots>(a, q, out); }

uint32_t neon_softmax(const Attention& a, int32_t largest_score, int32_t largest_exponent) {
    return scores_to_weights(a, {largest_score, largest_exponent, true}, reinterpret_cast<int32_t*>(a.scratch), reinterpret_cast<int16_t*>(a.scratch));
}

}  // namespace mote
