// attention: one query against one head's q8 cache, a multiplication for each element. Two in one would not pay: both operands change.
#include "thumb.h"

#if defined(MOTE_HAS_THUMB)

#include "attend.h"

namespace mote {
namespace {

void dots_of_keys(const int8_t* k, const int8_t* q, uint32_t head_dim, int32_t* dots, uint32_t n) {
    const int8_t* const q_end = q + head_dim;
    for (; n >= 4; n -= 4, k += 3 * head_dim, dots += 4) {
        const int8_t *k1 = k + head_dim, *k2 = k1 + head_dim, *k3 = k2 + head_dim;
        int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (const int8_t* at = q; at < q_end;) {
            const int32_t x = *at++;
            s0 += x * *k++, s1 += x * *k1++, s2 += x * *k2++, s3 += x * *k3++;
        }
        dots[0] = s0, dots[1] = s1, dots[2] = s2, dots[3] = s3;
    }
    for (; n > 0; n--) {
        int32_t s = 0;
        for (const int8_t* at = q; at < q_end;) s += *at++ * *k++;
        *dots++ = s;
    }
}

void add_values(const int8_t* v, const int16_t* w, uint32_t n, uint32_t head_dim, int32_t* sums) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (const int16_t* const end = w + n; w < end; v += head_dim) {
        const int32_t weight = *w++;
        s0 += weight * v[0], s1 += weight * v[1], s2 += weight * v[2], s3 += weight * v[3];
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

}  // namespace

void thumb_attend_q8(const Attention& a, const float* q, float* out) { attend_q8({1, thumb_quantize_row, dots_of_keys, add_values}, a, q, out); }

}  // namespace mote

#endif
