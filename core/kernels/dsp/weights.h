// weights: how scores become weights, as thumb/attend.h has it, two positions a turn with the constants in registers. For one query whose
// scores and weights follow each other, and for two whose scores alternate, as do pairs of their weights: those of positions 0 and 1 for
// the first query, the same for the second, then of positions 2 and 3.
#pragma once

#include "../thumb/attend.h"

namespace mote {
namespace {

// r0 scales, r1 scores, r2 weights, r3 end of scales, r4 largest score, r5 base, r6 total, r7-r10 coefficients.
#define MOTE_WEIGHT(score_step, weight_step) \
    "ldr r11, [r1], #" score_step "\n"       \
    "sub r11, r4, r11\n"                     \
    "usat r12, #5, r11, asr #16\n"           \
    "uxth r11, r11\n"                        \
    "mul lr, r11, r7\n"                      \
    "sub lr, r8, lr, lsr #16\n"              \
    "mul lr, r11, lr\n"                      \
    "sub lr, r9, lr, lsr #16\n"              \
    "mul lr, r11, lr\n"                      \
    "ldrh r11, [r0], #2\n"                   \
    "sub lr, r10, lr, lsr #16\n"             \
    "lsr lr, lr, r12\n"                      \
    "sub r12, r5, r11, lsr #7\n"             \
    "uxtb r11, r11\n"                        \
    "orr r11, r11, #0x80\n"                  \
    "add r6, r6, lr\n"                       \
    "mul r11, r11, lr\n"                     \
    "lsrs r11, r11, r12\n"                   \
    "adc r11, r11, #0\n"                     \
    "strh r11, [r2], #" weight_step "\n"
#define MOTE_WEIGHTS(score_step, weight_step)           \
    asm volatile(                                       \
        ".syntax unified\n"                             \
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n" \
        "ldrd r4, r5, [sp, #36]\n"                      \
        "mov r6, #0\n"                                  \
        "movw r7, #2596\n"                              \
        "movw r8, #15149\n"                             \
        "movw r9, #45324\n"                             \
        "mov r10, #65536\n"                             \
        "1:\n"                                          \
        MOTE_WEIGHT(score_step, "2")                    \
        MOTE_WEIGHT(score_step, weight_step)            \
        "cmp r0, r3\n"                                  \
        "blo 1b\n"                                      \
        "mov r0, r6\n"                                  \
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n")

// For pairs of positions until `end` of the scales (one pair and more). Returns the sum of all p; base = 9 + the largest exponent.
//
//     for (; scale < end; scale++, score += queries)
//         p = exp2_of(largest - *score), total += p, weight = (p * mantissa(*scale) >> (base - (*scale >> 7)), rounded);
[[gnu::naked, gnu::noinline, gnu::unused]] uint32_t weights_by_one(const uint16_t* /*scale*/, const int32_t* /*score*/, int16_t* /*weight*/,
                                                                   const uint16_t* /*end*/, int32_t /*largest*/, uint32_t /*base*/) {
    MOTE_WEIGHTS("4", "2");
}
[[gnu::naked, gnu::noinline, gnu::unused]] uint32_t weights_by_two(const uint16_t* /*scale*/, const int32_t* /*score*/, int16_t* /*weight*/,
                                                                   const uint16_t* /*end*/, int32_t /*largest*/, uint32_t /*base*/) {
    MOTE_WEIGHTS("8", "6");
}
#undef MOTE_WEIGHTS
#undef MOTE_WEIGHT

using WeightsOfPairs = decltype(&weights_by_one);

[[gnu::always_inline]] inline uint32_t weights_by(WeightsOfPairs of_pairs, uint32_t queries, const Attention& a, int32_t largest_score,
                                                  uint32_t largest_exponent, const int32_t* score, int16_t* weight) {
    const uint32_t whole = a.positions & ~1u, base = 9 + largest_exponent;
    const uint16_t* const last = a.value_scales + whole;
    uint32_t total = whole ? of_pairs(a.value_scales, score, weight, last, largest_score, base) : 0;
    if (whole == a.positions) return total;
    const uint32_t p = exp2_of(uint32_t(largest_score) - uint32_t(score[queries * whole]));
    weight[queries * whole] = int16_t(shift_right_rounded(p * ((*last & 0x7fu) | 0x80u), base - (*last >> 7)));
    return total + p;
}

[[gnu::unused]] uint32_t weights_of_one(const Attention& a, int32_t largest_score, uint32_t largest_exponent, const int32_t* score, int16_t* weight) {
    return weights_by(weights_by_one, 1, a, largest_score, largest_exponent, score, weight);
}

[[gnu::unused]] uint32_t weights_of_two(const Attention& a, int32_t largest_score, uint32_t largest_exponent, const int32_t* score, int16_t* weight) {
    return weights_by(weights_by_two, 2, a, largest_score, largest_exponent, score, weight);
}

}  // namespace
}  // namespace mote
