// attention: one query against one head's q8 cache, a multiplication for each element. Two in one would not pay: both operands change.
#include "thumb.h"

#if defined(MOTE_HAS_THUMB)

#include "attend.h"
#if __ARM_ARCH_ISA_THUMB == 1
#include "attention_armv6m.h"
#else
#include "attention_armv7m.h"
#endif

namespace mote {
namespace {

void dots_of_keys(const int8_t* k, const int8_t* q, uint32_t head_dim, int32_t* dots, uint32_t n) {
    const uint32_t whole = n & ~3u;
    if (whole) dot4s(k, q, head_dim, dots, dots + whole);
    k += size_t(whole) * head_dim;
    for (uint32_t t = whole; t < n; t++) {
        dots[t] = 0;
        for (uint32_t i = 0; i < head_dim; i++) dots[t] += q[i] * *k++;
    }
}

}  // namespace

void thumb_attend_q8(const Attention& a, const float* q, float* out) {
    attend_q8({1, thumb_quantize_row, dots_of_keys, scores, weights, add_values}, a, q, out);
}

uint32_t thumb_softmax(const Attention& a, int32_t largest_score, int32_t largest_exponent) {
    return weights(a, largest_score, uint32_t(largest_exponent), reinterpret_cast<int32_t*>(a.scratch), reinterpret_cast<int16_t*>(a.scratch));
}

}  // namespace mote

#endif
