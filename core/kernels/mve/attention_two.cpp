// attention_two: two queries of heads of 8 that share their keys, values and scales, each loaded and spread once for both. The
// steps are those of attention.cpp; what they do not suit is done query by query.
#include "mve.h"

#if defined(MOTE_HAS_MVE) && (__ARM_FEATURE_MVE & 2)

#include <arm_mve.h>

#include "../softmax.h"

namespace mote {
namespace {

constexpr uint32_t width = 8;

struct Extremes {
    uint32_t key_most, key_least, value_most,
        value_least;  // the bits of a bf16; those that are not negative are ordered as their bits
};

// The extremes of n scales (1 and more).
[[gnu::naked, gnu::noinline]] void extremes_of(const uint16_t* /*key_scales*/, const uint16_t* /*value_scales*/, uint32_t /*n*/,
                                               Extremes* /*to*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, lr}\n"
        "vpush {d8, d9}\n"
        "vmov.i32 q1, #0\n"
        "vmov.i32 q3, #0\n"
        "vmvn q2, q1\n"
        "vmvn q4, q1\n"
        "dlstp.16 lr, r2\n"
        "1:\n"
        "vldrh.u16 q0, [r0], #16\n"
        "vmax.u16 q1, q1, q0\n"
        "vmin.u16 q2, q2, q0\n"
        "vldrh.u16 q0, [r1], #16\n"
        "vmax.u16 q3, q3, q0\n"
        "vmin.u16 q4, q4, q0\n"
        "letp lr, 1b\n"
        "mov r2, #0\n"
        "movw r4, #0xffff\n"
        "mov r5, #0\n"
        "mov r6, r4\n"
        "vmaxv.u16 r2, q1\n"
        "vminv.u16 r4, q2\n"
        "vmaxv.u16 r5, q3\n"
        "vminv.u16 r6, q4\n"
        "stm r3, {r2, r4, r5, r6}\n"
        "vpop {d8, d9}\n"
        "pop {r4, r5, r6, pc}\n");
}

struct Queries {
    const int8_t* values;
    int32_t factor[2];
    int32_t key_exponent;  // the largest
    int32_t largest[2];    // scores, of those that are done
};

// Scores of both queries with `blocks` (1 and more) times four keys of 8.
//
//     for (uint32_t t = 0; t < 4 * blocks; t++)
//         for (int j = 0; j < 2; j++) {
//             int32_t dot = 0;
//             for (int i = 0; i < 8; i++) dot += q.values[8 * j + i] * keys[8 * t + i];
//             const int32_t product = (int64_t(dot * ((key_scales[t] & 0x7f) | 0x80)) * (2 * q.factor[j])) >> 32;
//             score[j][t] = product >> (q.key_exponent - (key_scales[t] >> 7));
//             q.largest[j] = max(q.largest[j], score[j][t]);
//         }
//
// Two keys a register, which a mask tells apart; each turn between T and E inverts it. q0 q1 queries, q2 q3 largest scores, q4 q5
// keys, then shifts and mantissas, q6 q7 dots; r5 r7 factors, r9 exponent, r10 queries. Behind 96 saved bytes: blocks, queries.
#define MOTE_DOTS(query, dots)                 \
    "vpsteet\n"                                \
    "vmladavt.s8 r4, " query ", q4\n"          \
    "vmladave.s8 r6, " query ", q4\n"          \
    "vmladave.s8 r12, " query ", q5\n"         \
    "vmladavt.s8 r8, " query ", q5\n"          \
    "vmov " dots "[2], " dots "[0], r4, r8\n"  \
    "vmov " dots "[3], " dots "[1], r6, r12\n"
#define MOTE_SCORES(dots, factor, largest, place)   \
    "vmul.i32 " dots ", " dots ", q5\n"             \
    "vqdmulh.s32 " dots ", " dots ", " factor "\n"  \
    "vshl.s32 " dots ", " dots ", q4\n"             \
    "vmax.s32 " largest ", " largest ", " dots "\n" \
    "vstrw.32 " dots ", [" place "], #16\n"

[[gnu::naked, gnu::noinline]] void scores_of_two(const int8_t* /*keys*/, const uint16_t* /*key_scales*/, int32_t* /*score0*/,
                                                 int32_t* /*score1*/, uint32_t /*blocks*/, Queries* /*queries*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, r8, r9, r10, lr}\n"
        "vpush {d8, d9, d10, d11, d12, d13, d14, d15}\n"
        "ldrd r12, r10, [sp, #96]\n"
        "ldr r4, [r10]\n"
        "ldrd r5, r7, [r4]\n"
        "vmov q0[2], q0[0], r5, r5\n"
        "vmov q0[3], q0[1], r7, r7\n"
        "ldrd r5, r7, [r4, #8]\n"
        "vmov q1[2], q1[0], r5, r5\n"
        "vmov q1[3], q1[1], r7, r7\n"
        "ldrd r5, r7, [r10, #4]\n"
        "ldr r9, [r10, #12]\n"
        "ldrd r4, r6, [r10, #16]\n"
        "vdup.32 q2, r4\n"
        "vdup.32 q3, r6\n"
        "mov r4, #0xff\n"
        "vmsr p0, r4\n"
        "dls lr, r12\n"
        "1:\n"
        "vldrb.u8 q4, [r0], #16\n"
        "vldrb.u8 q5, [r0], #16\n"
        MOTE_DOTS("q0", "q6")
        MOTE_DOTS("q1", "q7")
        "vldrh.u32 q4, [r1], #8\n"
        "vmovlb.u8 q5, q4\n"
        "vorr.i32 q5, #0x80\n"
        "vshr.u32 q4, q4, #7\n"
        "vsub.i32 q4, q4, r9\n"
        MOTE_SCORES("q6", "r5", "q2", "r2")
        MOTE_SCORES("q7", "r7", "q3", "r3")
        "le lr, 1b\n"
        "ldrd r4, r6, [r10, #16]\n"
        "vmaxv.s32 r4, q2\n"
        "vmaxv.s32 r6, q3\n"
        "strd r4, r6, [r10, #16]\n"
        "vpop {d8, d9, d10, d11, d12, d13, d14, d15}\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, pc}\n");
}
#undef MOTE_DOTS
#undef MOTE_SCORES

// Scores become weights of 16 bits from the front of where they stand; `total` are the sums of all p. above[j] = largest score + 1
// - 2^16, so that score - above has the negative of d's whole part above bit 16, and the complement of its fraction below.
//
//     for (uint32_t t = 0; t < n; t++)
//         for (int j = 0; j < 2; j++) {
//             const int32_t inverse = score[j][t] - above[j];
//             const uint32_t f = ~inverse << 16;           // a fraction of 2^32: VMULH is then * f >> 16
//             const uint32_t p = (65536 - high((45324 - high((15149 - high(2596 * f)) * f)) * f)) >> -(inverse >> 16);
//             total[j] += p;
//             weight[j][t] = round(p * ((value_scales[t] & 0x7f) | 0x80) / 2^(base - (value_scales[t] >> 7)));
//         }
//
// q5-q7 coefficients, q0 mantissas, q1 shifts; r4 r5 above, r6 base, r8 r9 scores, r10 r12 totals. Behind 96 saved bytes: above,
// base, total.
#define MOTE_WEIGHTS(score, above, weight, total) \
    "vldrw.u32 q2, [" score "], #16\n"            \
    "vsub.i32 q2, q2, " above "\n"                \
    "vmvn.i32 q4, #30\n"                          \
    "vshr.s32 q3, q2, #16\n"                      \
    "vmax.s32 q3, q3, q4\n"                       \
    "vmvn q2, q2\n"                               \
    "vshl.i32 q2, q2, #16\n"                      \
    "vmulh.u32 q4, q7, q2\n"                      \
    "vsub.i32 q4, q5, q4\n"                       \
    "vmulh.u32 q4, q4, q2\n"                      \
    "vsub.i32 q4, q6, q4\n"                       \
    "vmulh.u32 q4, q4, q2\n"                      \
    "vmov.i32 q2, #0x10000\n"                     \
    "vsub.i32 q4, q2, q4\n"                       \
    "vshl.u32 q4, q4, q3\n"                       \
    "vaddva.u32 " total ", q4\n"                  \
    "vmul.i32 q4, q4, q0\n"                       \
    "vrshl.u32 q4, q4, q1\n"                      \
    "vstrh.32 q4, [" weight "], #8\n"

[[gnu::naked, gnu::noinline]] void weights_of_two(const uint16_t* /*value_scales*/, int32_t* /*score0*/, int32_t* /*score1*/,
                                                  uint32_t /*n*/, const int32_t* /*above*/, uint32_t /*base*/,
                                                  uint32_t* /*total*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, r8, r9, r10, lr}\n"
        "vpush {d8, d9, d10, d11, d12, d13, d14, d15}\n"
        "ldr r4, [sp, #96]\n"
        "ldrd r6, r7, [sp, #100]\n"
        "ldrd r4, r5, [r4]\n"
        "movw r12, #2596\n"
        "vdup.32 q7, r12\n"
        "movw r12, #15149\n"
        "vdup.32 q5, r12\n"
        "movw r12, #45324\n"
        "vdup.32 q6, r12\n"
        "mov r8, r1\n"
        "mov r9, r2\n"
        "mov r10, #0\n"
        "mov r12, #0\n"
        "dlstp.32 lr, r3\n"
        "1:\n"
        "vldrh.u32 q1, [r0], #8\n"
        "vmovlb.u8 q0, q1\n"
        "vorr.i32 q0, #0x80\n"
        "vshr.u32 q1, q1, #7\n"
        "vsub.i32 q1, q1, r6\n"
        MOTE_WEIGHTS("r8", "r4", "r1", "r10")
        MOTE_WEIGHTS("r9", "r5", "r2", "r12")
        "letp lr, 1b\n"
        "strd r10, r12, [r7]\n"
        "vpop {d8, d9, d10, d11, d12, d13, d14, d15}\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, pc}\n");
}
#undef MOTE_WEIGHTS

// sums[2 * i + j] += weight * value of element i over `eights` (1 and more) times eight positions, for query j. v is a multiple
// of 4.
//
//     for (uint32_t t = 0; t < 8 * eights; t++)
//         for (int i = 0; i < 8; i++) sums[2 * i] += w0[t] * v[8 * t + i], sums[2 * i + 1] += w1[t] * v[8 * t + i];
//
// VLD4 hands out elements two by two, of eight positions each. VMLADAV adds to even registers only, which are eight: elements 0 to
// 3 come first, then 4 to 7. q4 q5 weights; r1 v, r3 r5 weights, r7 eights, r9 sums. The arguments wait at sp + 32, the sums' place
// at sp + 84.
#define MOTE_HALF(a, b, low_a, low_b)    \
    "ldrd r0, r2, [r9]\n"                \
    "ldrd r4, r6, [r9, #8]\n"            \
    "ldrd r8, r10, [r9, #16]\n"          \
    "ldrd r12, lr, [r9, #24]\n"          \
    "1:\n"                               \
    "vld40.16 {q0, q1, q2, q3}, [r1]\n"  \
    "vld41.16 {q0, q1, q2, q3}, [r1]\n"  \
    "vld42.16 {q0, q1, q2, q3}, [r1]\n"  \
    "vld43.16 {q0, q1, q2, q3}, [r1]!\n" \
    "vldrh.u16 q4, [r3], #16\n"          \
    "vldrh.u16 q5, [r5], #16\n"          \
    "vmovlb.s8 " low_a ", " a "\n"       \
    "vmovlt.s8 " a ", " a "\n"           \
    "vmovlb.s8 " low_b ", " b "\n"       \
    "vmovlt.s8 " b ", " b "\n"           \
    "vmladava.s16 r0, " low_a ", q4\n"   \
    "vmladava.s16 r2, " low_a ", q5\n"   \
    "vmladava.s16 r4, " a ", q4\n"       \
    "vmladava.s16 r6, " a ", q5\n"       \
    "vmladava.s16 r8, " low_b ", q4\n"   \
    "vmladava.s16 r10, " low_b ", q5\n"  \
    "vmladava.s16 r12, " b ", q4\n"      \
    "vmladava.s16 lr, " b ", q5\n"       \
    "subs r7, r7, #1\n"                  \
    "bne 1b\n"                           \
    "strd r0, r2, [r9], #8\n"            \
    "strd r4, r6, [r9], #8\n"            \
    "strd r8, r10, [r9], #8\n"           \
    "strd r12, lr, [r9], #8\n"

[[gnu::naked, gnu::noinline]] void add_values_of_two(const int8_t* /*v*/, const int16_t* /*w0*/, const int16_t* /*w1*/,
                                                     uint32_t /*eights*/, int32_t* /*sums*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "vpush {d8, d9, d10, d11}\n"
        "ldr r9, [sp, #84]\n"
        "mov r7, r3\n"
        "mov r5, r2\n"
        "mov r3, r1\n"
        "mov r1, r0\n"
        MOTE_HALF("q0", "q1", "q2", "q3")
        "ldrd r1, r3, [sp, #32]\n"
        "ldrd r5, r7, [sp, #40]\n"
        MOTE_HALF("q2", "q3", "q0", "q1")
        "vpop {d8, d9, d10, d11}\n"
        "add sp, sp, #16\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}
#undef MOTE_HALF

// The weighted sum over n positions (1 and more). What is no whole eight comes with weights of zero for the positions before, of
// which there are enough, and adds nothing for them.
void sum_of_two(const int8_t* v, const int16_t* w0, const int16_t* w1, uint32_t n, int32_t* sums) {
    const uint32_t eights = n / 8, rest = n % 8;
    for (uint32_t i = 0; i < 2 * width; i += 4) vstrwq_s32(sums + i, vdupq_n_s32(0));
    if (eights) add_values_of_two(v, w0, w1, eights, sums);
    if (!rest) return;
    int16_t last[2][8];
    for (int16_t* row : last) vstrhq_s16(row, vdupq_n_s16(0));
    for (uint32_t t = 0; t < rest; t++) last[0][8 - rest + t] = w0[8 * eights + t], last[1][8 - rest + t] = w1[8 * eights + t];
    add_values_of_two(v + size_t(width) * (n - 8), last[0], last[1], 1, sums);
}

// The same for more positions than int32 holds.
void sum_blocks_of_two(const Attention& a, const int16_t* w0, const int16_t* w1, const float* unit, float* out) {
    int64_t total[2 * width] = {};
    for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
        const uint32_t n = a.positions - begin < sum_block ? a.positions - begin : sum_block;
        int32_t sums[2 * width];
        sum_of_two(reinterpret_cast<const int8_t*>(a.values) + size_t(begin) * width, w0 + begin, w1 + begin, n, sums);
        for (uint32_t i = 0; i < 2 * width; i++) total[i] += sums[i];
    }
    for (uint32_t i = 0; i < 2 * width; i++) out[i / 2 + (i & 1u) * width] = float(total[i]) * unit[i & 1u];
}

void sum_values_of_two(const Attention& a, const int16_t* w0, const int16_t* w1, const float* unit, float* out) {
    if (a.positions > sum_block) return sum_blocks_of_two(a, w0, w1, unit, out);
    int32_t sums[2 * width];
    sum_of_two(reinterpret_cast<const int8_t*>(a.values), w0, w1, a.positions, sums);
    const float unit0 = unit[0], unit1 = unit[1];
    for (uint32_t i = 0; i < width; i++) out[i] = float(sums[2 * i]) * unit0, out[width + i] = float(sums[2 * i + 1]) * unit1;
}

// False, with out untouched, where scales are not finite, unusually large or small, or further apart than a shift reaches.
bool attended_two(const Attention& a, const float* q, float* out) {
    Extremes most;
    extremes_of(a.key_scales, a.value_scales, a.positions, &most);
    const uint32_t key = most.key_most >> 7, value = most.value_most >> 7;
    if (key > 254 || most.key_least < 0x80 || key - (most.key_least >> 7) > 100) return false;
    if (value < 16 || value > 240 || value - (most.value_least >> 7) > 100) return false;
    int8_t* values = reinterpret_cast<int8_t*>(a.scratch + 2 * size_t(a.positions));
    Queries queries{values, {}, int32_t(key), {-0x7fffffff, -0x7fffffff}};
    for (uint32_t j = 0; j < 2; j++) {
        float query_scale;
        mve_quantize_row(q + j * width, width, QuantizedTile{values + j * width, &query_scale, nullptr, width}, 0);
        const ScoreScale scale = score_scale(query_scale, a.scale);
        const int32_t down = 134 - 16 - 16 - scale.exponent - int32_t(key);
        if (!scale.finite || down < 0 || down > 15) return false;
        queries.factor[j] = scale.mantissa << (15 - down);
    }
    int32_t *score0 = reinterpret_cast<int32_t*>(a.scratch), *score1 = score0 + a.positions;
    const int8_t* keys = reinterpret_cast<const int8_t*>(a.keys);
    scores_of_two(keys, a.key_scales, score0, score1, a.positions / 4, &queries);
    if (a.positions % 4) {  // some of the last four are done twice
        const uint32_t begin = a.positions - 4;
        scores_of_two(keys + size_t(width) * begin, a.key_scales + begin, score0 + begin, score1 + begin, 1, &queries);
    }
    const int32_t above[2] = {queries.largest[0] + 1 - 65536, queries.largest[1] + 1 - 65536};
    uint32_t total[2];
    weights_of_two(a.value_scales, score0, score1, a.positions, above, 9 + value, total);
    const float unit[2] = {output_scale(int32_t(value), total[0]), output_scale(int32_t(value), total[1])};
    sum_values_of_two(a, reinterpret_cast<const int16_t*>(score0), reinterpret_cast<const int16_t*>(score1), unit, out);
    return true;
}

}  // namespace

void mve_attend_two_q8(const Attention& a, const float* q, float* out) {
    if (a.head_dim == width && a.positions >= 8 && reinterpret_cast<uintptr_t>(a.values) % 4 == 0 && attended_two(a, q, out))
        return;
    mve_attend_q8(a, q, out);
    mve_attend_q8(a, q + a.head_dim, out + a.head_dim);
}

}  // namespace mote

#endif
