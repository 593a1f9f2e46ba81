// attention: one query against one head's q8 cache, a multiplication for each element. Two in one would not pay: both operands change.
#include "thumb.h"

#if defined(MOTE_HAS_THUMB)

#include "attend.h"

namespace mote {
namespace {

// dots[t] = dot of q and the key at k + t * head_dim, for keys four by four until dots_end; head_dim is a multiple of 4, not zero.
//
//     for (; dots < dots_end; dots += 4, k += 4 * head_dim)
//         for (int t = 0; t < 4; t++) {
//             dots[t] = 0;
//             for (uint32_t i = 0; i < head_dim; i++) dots[t] += q[i] * k[t * head_dim + i];
//         }
#if __ARM_ARCH_ISA_THUMB >= 2

// r4 three times head_dim, r5 end of q, r6-r9 dots, r10 of q, r11 of a key; at sp + 36: dots_end.
[[gnu::naked, gnu::noinline]] void dot4s(const int8_t* /*k*/, const int8_t* /*q*/, uint32_t /*head_dim*/, int32_t* /*dots*/,
                                         const int32_t* /*dots_end*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "add r4, r2, r2, lsl #1\n"
        "add r5, r1, r2\n"
        "ldr lr, [sp, #36]\n"
        "1:\n"
        "mov r6, #0\n"
        "mov r7, #0\n"
        "mov r8, #0\n"
        "mov r9, #0\n"
        "2:\n"
        ".rept 4\n"
        "ldrsb r10, [r1], #1\n"
        "ldrsb r11, [r0, r2]\n"
        "ldrsb r12, [r0, r2, lsl #1]\n"
        "mla r7, r10, r11, r7\n"
        "ldrsb r11, [r0, r4]\n"
        "mla r8, r10, r12, r8\n"
        "ldrsb r12, [r0], #1\n"
        "mla r9, r10, r11, r9\n"
        "mla r6, r10, r12, r6\n"
        ".endr\n"
        "cmp r1, r5\n"
        "blo 2b\n"
        "stm r3!, {r6, r7, r8, r9}\n"
        "add r0, r0, r4\n"
        "sub r1, r1, r2\n"
        "cmp r3, lr\n"
        "blo 1b\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

#else

void dot4s(const int8_t* k, const int8_t* q, uint32_t head_dim, int32_t* dots, const int32_t* dots_end) {
    for (const int8_t* const q_end = q + head_dim; dots < dots_end; k += 3 * head_dim, dots += 4) {
        const int8_t *k1 = k + head_dim, *k2 = k1 + head_dim, *k3 = k2 + head_dim;
        int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (const int8_t* at = q; at < q_end;) {
            const int32_t x = *at++;
            s0 += x * *k++, s1 += x * *k1++, s2 += x * *k2++, s3 += x * *k3++;
        }
        dots[0] = s0, dots[1] = s1, dots[2] = s2, dots[3] = s3;
    }
}

#endif

// weights_of where only eight registers take part in arithmetic. Shifts take the lowest byte, so whole parts stop at 31 before.
#if __ARM_ARCH_ISA_THUMB == 1

// r0 score, r1 value scale, r2 weight - value scale, r3 largest score; r8-r10 coefficients, r11 end of value scales, r12 total, lr base.
[[gnu::naked, gnu::noinline]] uint32_t weights_in_turn(const int32_t* /*score*/, const uint16_t* /*value_scale*/, const uint16_t* /*end*/,
                                                       int16_t* /*weight*/, int32_t /*largest_score*/, uint32_t /*base*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, lr}\n"
        "mov r4, r8\n"
        "mov r5, r9\n"
        "mov r6, r10\n"
        "mov r7, r11\n"
        "push {r4, r5, r6, r7}\n"
        "mov r11, r2\n"
        "subs r2, r3, r1\n"
        "ldr r3, [sp, #36]\n"
        "ldr r4, [sp, #40]\n"
        "mov lr, r4\n"
        "ldr r4, =2596\n"
        "mov r8, r4\n"
        "ldr r4, =15149\n"
        "mov r9, r4\n"
        "ldr r4, =45324\n"
        "mov r10, r4\n"
        "movs r4, #0\n"
        "mov r12, r4\n"
        "1:\n"
        "ldmia r0!, {r4}\n"
        "subs r4, r3, r4\n"
        "lsrs r5, r4, #16\n"
        "cmp r5, #31\n"
        "bhi 3f\n"
        "2:\n"
        "uxth r4, r4\n"
        "mov r6, r8\n"
        "muls r6, r4, r6\n"
        "lsrs r6, r6, #16\n"
        "mov r7, r9\n"
        "subs r6, r7, r6\n"
        "muls r6, r4, r6\n"
        "lsrs r6, r6, #16\n"
        "mov r7, r10\n"
        "subs r6, r7, r6\n"
        "muls r6, r4, r6\n"
        "lsrs r6, r6, #16\n"
        "movs r7, #1\n"
        "lsls r7, r7, #16\n"
        "subs r6, r7, r6\n"
        "lsrs r6, r6, r5\n"
        "add r12, r6\n"
        "ldrh r4, [r1]\n"
        "lsls r7, r4, #25\n"
        "lsrs r7, r7, #25\n"
        "adds r7, r7, #128\n"
        "muls r6, r7, r6\n"
        "lsrs r4, r4, #7\n"
        "mov r7, lr\n"
        "subs r7, r7, r4\n"
        "movs r4, #0\n"
        "lsrs r6, r6, r7\n"
        "adcs r6, r4\n"
        "strh r6, [r1, r2]\n"
        "adds r1, r1, #2\n"
        "cmp r1, r11\n"
        "blo 1b\n"
        "mov r0, r12\n"
        "pop {r4, r5, r6, r7}\n"
        "mov r8, r4\n"
        "mov r9, r5\n"
        "mov r10, r6\n"
        "mov r11, r7\n"
        "pop {r4, r5, r6, r7, pc}\n"
        "3:\n"
        "movs r5, #31\n"
        "b 2b\n"
        ".ltorg\n");
}

uint32_t weights(const Attention& a, int32_t largest_score, uint32_t largest_exponent, const int32_t* score, int16_t* weight) {
    return weights_in_turn(score, a.value_scales, a.value_scales + a.positions, weight, largest_score, 9 + largest_exponent);
}

#else

constexpr auto weights = weights_of;

#endif

void dots_of_keys(const int8_t* k, const int8_t* q, uint32_t head_dim, int32_t* dots, uint32_t n) {
    const uint32_t whole = n & ~3u;
    if (whole) dot4s(k, q, head_dim, dots, dots + whole);
    k += size_t(whole) * head_dim;
    for (uint32_t t = whole; t < n; t++) {
        dots[t] = 0;
        for (uint32_t i = 0; i < head_dim; i++) dots[t] += q[i] * *k++;
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

void thumb_attend_q8(const Attention& a, const float* q, float* out) { attend_q8({1, thumb_quantize_row, dots_of_keys, weights, add_values}, a, q, out); }

uint32_t thumb_softmax(const Attention& a, int32_t largest_score, int32_t largest_exponent) {
    return weights(a, largest_score, uint32_t(largest_exponent), reinterpret_cast<int32_t*>(a.scratch), reinterpret_cast<int16_t*>(a.scratch));
}

}  // namespace mote

#endif
