// attention: dots by SDOT.
#include "../neon/attend.h"
#include "dotprod.h"

namespace mote {
namespace {

[[gnu::always_inline]] inline int8x16_t load_half(const int8_t* p) { return vcombine_s8(load8(p), vdup_n_s8(0)); }

[[gnu::always_inline]] inline int32x4_t four_dots(const int8_t* query, const int8_t* keys, size_t head_dim) {
    int32x4_t s0 = vdupq_n_s32(0), s1 = s0, s2 = s0, s3 = s0;
    if (head_dim == 8) {  // two keys a register
        const int8x16_t q = vcombine_s8(load8(query), load8(query));
        return vpaddq_s32(vdotq_s32(s0, load16(keys), q), vdotq_s32(s1, load16(keys + 16), q));
    }
    const int8_t *k0 = keys, *k1 = k0 + head_dim, *k2 = k1 + head_dim, *k3 = k2 + head_dim;
    for (size_t left = head_dim / 16; left; left--, query += 16, k0 += 16, k1 += 16, k2 += 16, k3 += 16) {
        const int8x16_t q = load16(query);
        s0 = vdotq_s32(s0, q, load16(k0));
        s1 = vdotq_s32(s1, q, load16(k1));
        s2 = vdotq_s32(s2, q, load16(k2));
        s3 = vdotq_s32(s3, q, load16(k3));
    }
    if (head_dim % 16) {
        const int8x16_t q = load_half(query);
        s0 = vdotq_s32(s0, q, load_half(k0));
        s1 = vdotq_s32(s1, q, load_half(k1));
        s2 = vdotq_s32(s2, q, load_half(k2));
        s3 = vdotq_s32(s3, q, load_half(k3));
    }
    return vpaddq_s32(vpaddq_s32(s0, s1), vpaddq_s32(s2, s3));
}

}  // namespace

void dotprod_attend_q8(const Attention& a, const float* q, float* out) { attend_q8<four_dots>(a, q, out); }

}  // namespace mote
