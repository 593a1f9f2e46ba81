// attention_armv7m: the steps of attention where all registers compute and multiplications add (Cortex-M3).
#pragma once

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
//
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

constexpr auto scores = scores_of;
constexpr auto weights = weights_of;

void add_values(const int8_t* v, const int16_t* w, uint32_t n, uint32_t head_dim, int32_t* sums) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (const int16_t* const end = w + n; w < end; v += head_dim) {
        const int32_t weight = *w++;
        s0 += weight * v[0], s1 += weight * v[1], s2 += weight * v[2], s3 += weight * v[3];
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

}  // namespace
}  // namespace mote
