// attention_armv6m: the steps of attention where eight registers compute and the others only add (Cortex-M0).
#pragma once

#include "attend.h"
#include "registers.h"

namespace mote {
namespace {

// dot4s of attention_armv7m.h.
//
// r0-r3 ends of four keys, r4 of q, r5 the element less head_dim, r8-r11 dots, r12 head_dim, lr where dots go; at sp + 36: dots_end.
[[gnu::naked, gnu::noinline]] void dot4s(const int8_t* /*k*/, const int8_t* /*q*/, uint32_t /*head_dim*/, int32_t* /*dots*/,
                                         const int32_t* /*dots_end*/) {
    asm volatile(
        ".syntax unified\n"
        MOTE_PUSH_ALL
        "mov r12, r2\n"
        "mov lr, r3\n"
        "adds r4, r1, r2\n"
        "1:\n"
        "add r0, r12\n"
        "mov r1, r0\n"
        "add r1, r12\n"
        "mov r2, r1\n"
        "add r2, r12\n"
        "mov r3, r2\n"
        "add r3, r12\n"
        "movs r7, #0\n"
        "mov r8, r7\n"
        "mov r9, r7\n"
        "mov r10, r7\n"
        "mov r11, r7\n"
        "mov r5, r12\n"
        "rsbs r5, r5, #0\n"
        "2:\n"
        ".rept 4\n"
        "ldrsb r6, [r4, r5]\n"
        "ldrsb r7, [r0, r5]\n"
        "muls r7, r6, r7\n"
        "add r8, r7\n"
        "ldrsb r7, [r1, r5]\n"
        "muls r7, r6, r7\n"
        "add r9, r7\n"
        "ldrsb r7, [r2, r5]\n"
        "muls r7, r6, r7\n"
        "add r10, r7\n"
        "ldrsb r7, [r3, r5]\n"
        "muls r7, r6, r7\n"
        "add r11, r7\n"
        "adds r5, r5, #1\n"
        ".endr\n"
        "bne 2b\n"
        "mov r0, r3\n"
        "mov r2, lr\n"
        "mov r1, r8\n"
        "mov r5, r9\n"
        "mov r6, r10\n"
        "mov r7, r11\n"
        "stmia r2!, {r1, r5, r6, r7}\n"
        "mov lr, r2\n"
        "ldr r7, [sp, #36]\n"
        "cmp r2, r7\n"
        "blo 1b\n"
        MOTE_POP_ALL);
}

struct Extremes {
    int32_t score;
    uint32_t value_scale, unusual;  // as in scores_of
};

// scores_of. r0 score, r1 key scale, r6 factor, r7 unusual; r8 base, r9 and r10 the largest score and value scale, r11 end of key scales,
// r12 value scale - key scale; at sp + 36: factor, base, where the extremes go.
[[gnu::naked, gnu::noinline]] void scores_in_turn(int32_t* /*score*/, const uint16_t* /*key_scale*/, const uint16_t* /*end*/,
                                                  const uint16_t* /*value_scale*/, int32_t /*factor*/, uint32_t /*base*/, Extremes* /*to*/) {
    asm volatile(
        ".syntax unified\n"
        MOTE_PUSH_ALL
        "mov r11, r2\n"
        "subs r3, r3, r1\n"
        "mov r12, r3\n"
        "ldr r6, [sp, #36]\n"
        "ldr r4, [sp, #40]\n"
        "mov r8, r4\n"
        "movs r7, #0\n"
        "mov r10, r7\n"
        "movs r4, #1\n"
        "lsls r4, r4, #31\n"
        "mov r9, r4\n"
        "1:\n"
        "ldrh r2, [r1]\n"
        "ldr r3, [r0]\n"
        "lsls r4, r2, #25\n"
        "lsrs r4, r4, #25\n"
        "adds r4, #128\n"
        "muls r3, r4, r3\n"
        "asrs r4, r3, #16\n"
        "muls r4, r6, r4\n"
        "uxth r3, r3\n"
        "muls r3, r6, r3\n"
        "lsrs r3, r3, #16\n"
        "adds r3, r3, r4\n"
        "lsrs r5, r2, #7\n"
        "mov r4, r8\n"
        "subs r4, r4, r5\n"
        "asrs r3, r4\n"
        "orrs r7, r4\n"
        "subs r2, #128\n"
        "orrs r7, r2\n"
        "stmia r0!, {r3}\n"
        "cmp r3, r9\n"
        "ble 2f\n"
        "mov r9, r3\n"
        "2:\n"
        "mov r4, r12\n"
        "ldrh r4, [r1, r4]\n"
        "cmp r4, r10\n"
        "bls 2f\n"
        "mov r10, r4\n"
        "2:\n"
        "adds r1, #2\n"
        "cmp r1, r11\n"
        "blo 1b\n"
        "ldr r4, [sp, #44]\n"
        "mov r5, r9\n"
        "mov r6, r10\n"
        "stmia r4!, {r5, r6, r7}\n"
        MOTE_POP_ALL);
}

Largest scores(const Attention& a, const ScoreScale& scale, int32_t* score) {
    Extremes e;
    scores_in_turn(score, a.key_scales, a.key_scales + a.positions, a.value_scales, scale.mantissa, uint32_t(102 - scale.exponent), &e);
    return {e.score, e.value_scale, int32_t(e.unusual) >= 0};
}

// weights_of. Shifts take the lowest byte, so whole parts stop at 31 before.
//
// r0 score, r1 value scale, r2 weight - value scale, r3 largest score; r8-r10 coefficients, r11 end of value scales, r12 total, lr base.
[[gnu::naked, gnu::noinline]] uint32_t weights_in_turn(const int32_t* /*score*/, const uint16_t* /*value_scale*/, const uint16_t* /*end*/,
                                                       int16_t* /*weight*/, int32_t /*largest_score*/, uint32_t /*base*/) {
    asm volatile(
        ".syntax unified\n"
        MOTE_PUSH_ALL
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
        MOTE_POP_ALL
        "3:\n"
        "movs r5, #31\n"
        "b 2b\n"
        ".ltorg\n");
}

uint32_t weights(const Attention& a, int32_t largest_score, uint32_t largest_exponent, const int32_t* score, int16_t* weight) {
    return weights_in_turn(score, a.value_scales, a.value_scales + a.positions, weight, largest_score, 9 + largest_exponent);
}

// sums[j] = sum of w[t] * v[t * head_dim + j] for t in [0, n) and four j; n is not zero.
//
// r0 v, r1 w, r2 a weight, r4-r7 0 to 3, r8-r11 sums, r12 head_dim, lr end of w; at sp + 36: sums.
[[gnu::naked, gnu::noinline]] void add_values(const int8_t* /*v*/, const int16_t* /*w*/, uint32_t /*n*/, uint32_t /*head_dim*/, int32_t* /*sums*/) {
    asm volatile(
        ".syntax unified\n"
        MOTE_PUSH_ALL
        "mov r12, r3\n"
        "lsls r2, r2, #1\n"
        "adds r2, r2, r1\n"
        "mov lr, r2\n"
        "movs r4, #0\n"
        "movs r5, #1\n"
        "movs r6, #2\n"
        "movs r7, #3\n"
        "mov r8, r4\n"
        "mov r9, r4\n"
        "mov r10, r4\n"
        "mov r11, r4\n"
        "1:\n"
        "ldrh r2, [r1]\n"
        "adds r1, r1, #2\n"
        "ldrsb r3, [r0, r4]\n"
        "muls r3, r2, r3\n"
        "add r8, r3\n"
        "ldrsb r3, [r0, r5]\n"
        "muls r3, r2, r3\n"
        "add r9, r3\n"
        "ldrsb r3, [r0, r6]\n"
        "muls r3, r2, r3\n"
        "add r10, r3\n"
        "ldrsb r3, [r0, r7]\n"
        "muls r3, r2, r3\n"
        "add r11, r3\n"
        "add r0, r12\n"
        "cmp r1, lr\n"
        "blo 1b\n"
        "ldr r4, [sp, #36]\n"
        "mov r0, r8\n"
        "mov r1, r9\n"
        "mov r2, r10\n"
        "mov r3, r11\n"
        "stmia r4!, {r0, r1, r2, r3}\n"
        MOTE_POP_ALL);
}

}  // namespace
}  // namespace mote
