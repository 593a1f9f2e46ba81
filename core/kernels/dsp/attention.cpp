// attention: dots of four keys at a time, and sums of four values, by SMLAD and SMLAB; the steps between are those of thumb/attend.h.
#include "dsp.h"

#if defined(MOTE_HAS_DSP)

#include "../thumb/attend.h"

namespace mote {
namespace {

// dots[t] = dot of q and the key at k + t * head_dim, for four keys. Words throughout; head_dim is a multiple of 4, not zero.
//
//     for (int t = 0; t < 4; t++) dots[t] = 0;
//     for (uint32_t i = 0; i < head_dim; i += 4)
//         for (int t = 0; t < 4; t++)
//             for (int j = 0; j < 4; j++) dots[t] += q[i + j] * k[t * head_dim + i + j];
//
// r4 three times head_dim, r5 r6 of q, r7-r10 dots, r11 r12 of a key; at sp: end of q, dots.
[[gnu::naked, gnu::noinline]] void dot4(const int8_t* /*k*/, const int8_t* /*q*/, uint32_t /*head_dim*/, int32_t* /*dots*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "add r3, r1, r2\n"
        "add r4, r2, r2, lsl #1\n"
        "mov r7, #0\n"
        "mov r8, #0\n"
        "mov r9, #0\n"
        "mov r10, #0\n"
        "1:\n"
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
        "blo 1b\n"
        "ldr r3, [sp]\n"
        "stm r3, {r7, r8, r9, r10}\n"
        "pop {r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
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
    for (; n >= 4; n -= 4, k += size_t(head_dim) * 4, dots += 4) dot4(k, q, head_dim, dots);
    for (; n > 0; n--, k += head_dim, dots++) {
        *dots = 0;
        for (uint32_t i = 0; i < head_dim; i++) *dots += q[i] * k[i];
    }
}

void sum_values(const Attention& a, const int16_t* weight, float unit, float* out) {
    for (uint32_t i = 0; i < a.head_dim; i += 4) {
        int64_t total[4] = {0, 0, 0, 0};
        for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
            const uint32_t n = a.positions - begin < sum_block ? a.positions - begin : sum_block, whole = n & ~3u;
            const int8_t* v = reinterpret_cast<const int8_t*>(a.values) + size_t(begin) * a.head_dim + i;
            int32_t sums[4] = {0, 0, 0, 0};
            if (whole) add_values4(v, weight + begin, weight + begin + whole, sums, a.head_dim);
            for (uint32_t t = whole; t < n; t++)
                for (uint32_t j = 0; j < 4; j++) sums[j] += weight[begin + t] * v[size_t(t) * a.head_dim + j];
            for (uint32_t j = 0; j < 4; j++) total[j] += sums[j];
        }
        for (uint32_t j = 0; j < 4; j++) out[i + j] = float(total[j]) * unit;
    }
}

}  // namespace

void dsp_attend_q8(const Attention& a, const float* q, float* out) { attend_q8({4, dots_of_keys, sum_values}, a, q, out); }

}  // namespace mote

#endif
