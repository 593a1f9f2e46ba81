// attention: dots of four keys at a time, and sums of four values, by SMLAD and SMLAB; the steps between are those of thumb/attend.h.
#include "dsp.h"

#if defined(MOTE_HAS_DSP)

#include "weights.h"

namespace mote {
namespace {

// dots[t] = dot of q and the key at k + t * head_dim, for keys four by four until dots_end. Words throughout; head_dim is a multiple
// of 4, not zero.
//
//     for (; dots < dots_end; dots += 4, k += 4 * head_dim)
//         for (int t = 0; t < 4; t++) {
//             dots[t] = 0;
//             for (uint32_t i = 0; i < head_dim; i++) dots[t] += q[i] * k[t * head_dim + i];
//         }
//
// r3 end of q, r4 three times head_dim, r5 r6 of q, r7-r10 dots, r11 r12 of a key; at sp: dots; at sp + 40: dots_end.
[[gnu::naked, gnu::noinline]] void dot4s(const int8_t* /*k*/, const int8_t* /*q*/, uint32_t /*head_dim*/, int32_t* /*dots*/,
                                         const int32_t* /*dots_end*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "add r4, r2, r2, lsl #1\n"
        "add r3, r1, r2\n"
        "1:\n"
        "mov r7, #0\n"
        "mov r8, #0\n"
        "mov r9, #0\n"
        "mov r10, #0\n"
        "2:\n"
        "ldr r6, [r1], #4\n"
        "ldr r12, [r0, r2]\n"
        "sxtb16 r5, r6\n"
        "sxtb16 r6, r6, ror #8\n"
        "sxtb16 r11, r12\n"
        "sxtb16 r12, r12, ror #8\n"
        "smlad r8, r5, r11, r8\n"
        "ldr r11, [r0, r2, lsl #1]\n"
        "smlad r8, r6, r12, r8\n"
        "sxtb16 r12, r11\n"
        "sxtb16 r11, r11, ror #8\n"
        "smlad r9, r5, r12, r9\n"
        "ldr r12, [r0, r4]\n"
        "smlad r9, r6, r11, r9\n"
        "sxtb16 r11, r12\n"
        "sxtb16 r12, r12, ror #8\n"
        "smlad r10, r5, r11, r10\n"
        "ldr r11, [r0], #4\n"
        "smlad r10, r6, r12, r10\n"
        "sxtb16 r12, r11\n"
        "sxtb16 r11, r11, ror #8\n"
        "smlad r7, r5, r12, r7\n"
        "smlad r7, r6, r11, r7\n"
        "cmp r1, r3\n"
        "blo 2b\n"
        "ldr r12, [sp]\n"
        "ldr r11, [sp, #40]\n"
        "add r0, r0, r4\n"
        "sub r1, r1, r2\n"
        "stm r12!, {r7, r8, r9, r10}\n"
        "str r12, [sp]\n"
        "cmp r12, r11\n"
        "blo 1b\n"
        "pop {r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// The same for heads of 8, whose query stays in registers; keys one by one. r4-r7 of q, r8-r11 of a key.
[[gnu::naked, gnu::noinline]] void dots_of_8(const int8_t* /*k*/, const int8_t* /*q*/, uint32_t /*head_dim*/, int32_t* /*dots*/,
                                             const int32_t* /*dots_end*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "ldrd r5, r7, [r1]\n"
        "ldr r2, [sp, #36]\n"
        "sxtb16 r4, r5\n"
        "sxtb16 r5, r5, ror #8\n"
        "sxtb16 r6, r7\n"
        "sxtb16 r7, r7, ror #8\n"
        "1:\n"
        "ldrd r9, r11, [r0], #8\n"
        "sxtb16 r8, r9\n"
        "sxtb16 r9, r9, ror #8\n"
        "smuad r12, r4, r8\n"
        "sxtb16 r10, r11\n"
        "smlad r12, r5, r9, r12\n"
        "sxtb16 r11, r11, ror #8\n"
        "smlad r12, r6, r10, r12\n"
        "smlad r12, r7, r11, r12\n"
        "str r12, [r3], #4\n"
        "cmp r3, r2\n"
        "blo 1b\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// sums[j] += weight * value for the four elements at v of each position; weights are positive int16, two a word, and the number of
// positions is a multiple of four, not zero. The next position's elements lie head_dim bytes on.
//
//     for (; w < w_end; w++, v += head_dim)
//         for (int j = 0; j < 4; j++) sums[j] += *w * v[j];
//
// r4 three times head_dim, r5 r6 weights, r7-r10 sums, r11 r12 values; at sp: sums; at sp + 40: head_dim.
[[gnu::naked, gnu::noinline]] void add_values4(const int8_t* /*v*/, const int16_t* /*w*/, const int16_t* /*w_end*/, int32_t* /*sums*/,
                                               uint32_t /*head_dim*/) {
#define MOTE_POSITION(word, half)              \
    "sxtb16 r12, " word "\n"                   \
    "smlab" half " r7, r12, r5, r7\n"          \
    "smlat" half " r9, r12, r5, r9\n"          \
    "sxtb16 r12, " word ", ror #8\n"           \
    "smlab" half " r8, r12, r5, r8\n"          \
    "smlat" half " r10, r12, r5, r10\n"
    asm volatile(
        ".syntax unified\n"
        "push {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "ldm r3, {r7, r8, r9, r10}\n"
        "ldr r3, [sp, #40]\n"
        "add r4, r3, r3, lsl #1\n"
        "1:\n"
        "ldr r5, [r1], #4\n"
        "ldr r11, [r0]\n"
        "ldr r6, [r0, r3]\n"
        MOTE_POSITION("r11", "b")
        MOTE_POSITION("r6", "t")
        "ldr r5, [r1], #4\n"
        "ldr r11, [r0, r3, lsl #1]\n"
        "ldr r6, [r0, r4]\n"
        "add r0, r0, r3, lsl #2\n"
        MOTE_POSITION("r11", "b")
        MOTE_POSITION("r6", "t")
        "cmp r1, r2\n"
        "blo 1b\n"
        "ldr r3, [sp]\n"
        "stm r3, {r7, r8, r9, r10}\n"
        "pop {r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
#undef MOTE_POSITION
}

void dots_of_keys(const int8_t* k, const int8_t* q, uint32_t head_dim, int32_t* dots, uint32_t n) {
    if (head_dim == 8) return dots_of_8(k, q, head_dim, dots, dots + n);
    const uint32_t whole = n & ~3u;
    if (whole) dot4s(k, q, head_dim, dots, dots + whole);
    k += size_t(whole) * head_dim;
    for (uint32_t t = whole; t < n; t++, k += head_dim) {
        dots[t] = 0;
        for (uint32_t i = 0; i < head_dim; i++) dots[t] += q[i] * k[i];
    }
}

void add_values(const int8_t* v, const int16_t* w, uint32_t n, uint32_t head_dim, int32_t* sums) {
    const uint32_t whole = n & ~3u;
    for (uint32_t j = 0; j < 4; j++) sums[j] = 0;
    if (whole) add_values4(v, w, w + whole, sums, head_dim);
    for (uint32_t t = whole; t < n; t++)
        for (uint32_t j = 0; j < 4; j++) sums[j] += w[t] * v[size_t(t) * head_dim + j];
}

}  // namespace

void dsp_attend_q8(const Attention& a, const float* q, float* out) {
    attend_q8({4, dsp_quantize_row, dots_of_keys, scores_of, weights_of_one, add_values}, a, q, out);
}

uint32_t dsp_softmax(const Attention& a, int32_t largest_score, int32_t largest_exponent) {
    return weights_of_one(a, largest_score, uint32_t(largest_exponent), reinterpret_cast<int32_t*>(a.scratch), reinterpret_cast<int16_t*>(a.scratch));
}

}  // namespace mote

#endif
