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

// Four elements of the sum over n positions, n <= sum_block.
void add_values(const int8_t* v, const int16_t* w, uint32_t n, uint32_t head_dim, int32_t sums[4]) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (const int16_t* const end = w + n; w < end; v += head_dim) {
        const int32_t weight = *w++;
        s0 += weight * v[0], s1 += weight * v[1], s2 += weight * v[2], s3 += weight * v[3];
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

void sum_values(const Attention& a, const int16_t* weight, float unit, float* out) {
    for (uint32_t i = 0; i < a.head_dim; i += 4) {
        const int8_t* v = reinterpret_cast<const int8_t*>(a.values) + i;
        int32_t sums[4];
        if (a.positions <= sum_block) {
            add_values(v, weight, a.positions, a.head_dim, sums);
            for (uint32_t j = 0; j < 4; j++) out[i + j] = float(sums[j]) * unit;
            continue;
        }
        int64_t total[4] = {0, 0, 0, 0};
        for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
            const uint32_t n = a.positions - begin < sum_block ? a.positions - begin : sum_block;
            add_values(v + size_t(begin) * a.head_dim, weight + begin, n, a.head_dim, sums);
            for (uint32_t j = 0; j < 4; j++) total[j] += sums[j];
        }
        for (uint32_t j = 0; j < 4; j++) out[i + j] = float(total[j]) * unit;
    }
}

}  // namespace

void thumb_attend_q8(const Attention& a, const float* q, float* out) { attend_q8({4, dots_of_keys, sum_values}, a, q, out); }

}  // namespace mote

#endif
