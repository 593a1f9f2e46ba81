// attention: one query against one head's q8 cache, four positions at a time. The steps are those of softmax.h for the scales that
// occur; a call that meets others goes to ref from its beginning. Positions that fill no vector take those definitions themselves.
#include "mve.h"

#if defined(MOTE_HAS_MVE)

#include <arm_mve.h>

#include "../ref/ref.h"
#include "../softmax.h"

namespace mote {
namespace {

#if __ARM_FEATURE_MVE & 2
constexpr auto quantize_row = mve_quantize_row;
#else
constexpr auto quantize_row = ref_quantize_row;
#endif

// dots[t] = dot of q and the key at k + t * head_dim, for `blocks` (1 and more) times four keys.
//
//     for (; blocks > 0; blocks--, k += 4 * head_dim, dots += 4)
//         for (int t = 0; t < 4; t++) {
//             dots[t] = 0;
//             for (uint32_t i = 0; i < head_dim; i++) dots[t] += q[i] * k[t * head_dim + i];
//         }
//
// The tail of a key is predicated by DLSTP. r5 r7 r8 r9 keys, r4 r6 r10 r12 dots, r11 dots' place; at sp: q; at sp + 40: blocks.
[[gnu::naked, gnu::noinline]] void dots_of_keys(const int8_t* /*k*/, const int8_t* /*q*/, uint32_t /*head_dim*/, int32_t* /*dots*/,
                                                uint32_t /*blocks*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r1, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "ldr r11, [sp, #40]\n"
        "1:\n"
        "ldr r1, [sp]\n"
        "mov r5, r0\n"
        "add r7, r5, r2\n"
        "add r8, r7, r2\n"
        "add r9, r8, r2\n"
        "add r0, r9, r2\n"
        "mov r4, #0\n"
        "mov r6, #0\n"
        "mov r10, #0\n"
        "mov r12, #0\n"
        "dlstp.8 lr, r2\n"
        "2:\n"
        "vldrb.u8 q0, [r1], #16\n"
        "vldrb.u8 q1, [r5], #16\n"
        "vmladava.s8 r4, q0, q1\n"
        "vldrb.u8 q2, [r7], #16\n"
        "vmladava.s8 r6, q0, q2\n"
        "vldrb.u8 q1, [r8], #16\n"
        "vmladava.s8 r10, q0, q1\n"
        "vldrb.u8 q2, [r9], #16\n"
        "vmladava.s8 r12, q0, q2\n"
        "letp lr, 2b\n"
        "stm r3!, {r4, r6, r10, r12}\n"
        "subs r11, r11, #1\n"
        "bne 1b\n"
        "pop {r1, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// The same for heads of 8, two keys a register; `dots` in place of the last. The mask tells a register's first key from its second;
// each turn between T and E inverts it, so that a block ends as it began.
[[gnu::naked, gnu::noinline]] void dots_of_8(const int8_t* /*k*/, const int8_t* /*q*/, int32_t* /*dots*/, uint32_t /*blocks*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, r8, lr}\n"
        "ldrd r4, r5, [r1]\n"
        "vmov q0[2], q0[0], r4, r4\n"
        "vmov q0[3], q0[1], r5, r5\n"
        "mov r4, #0xff\n"
        "vmsr p0, r4\n"
        "dls lr, r3\n"
        "1:\n"
        "vldrb.u8 q1, [r0], #16\n"
        "vldrb.u8 q2, [r0], #16\n"
        "vpsteet\n"
        "vmladavt.s8 r4, q0, q1\n"
        "vmladave.s8 r6, q0, q1\n"
        "vmladave.s8 r12, q0, q2\n"
        "vmladavt.s8 r8, q0, q2\n"
        "stm r2!, {r4, r6, r8, r12}\n"
        "le lr, 1b\n"
        "pop {r4, r5, r6, r7, r8, pc}\n");
}

// sums[j] += weight * value for the eight elements at v of each of `fours` (1 and more) times four positions; the next position's
// elements lie head_dim bytes on.
//
//     for (uint32_t n = 4 * fours; n > 0; n--, w++, v += head_dim)
//         for (int j = 0; j < 8; j++) sums[j] += *w * v[j];
[[gnu::naked, gnu::noinline]] void add_values8(const int8_t* /*v*/, const uint32_t* /*w*/, uint32_t /*fours*/, int32_t* /*sums*/,
                                               uint32_t /*head_dim*/) {
#define MOTE_POSITION(weight)     \
    "vldrb.s32 q2, [r0]\n"        \
    "vldrb.s32 q3, [r0, #4]\n"    \
    "vmla.s32 q0, q2, " weight "\n" \
    "add r0, r0, r4\n"            \
    "vmla.s32 q1, q3, " weight "\n"
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, r8, lr}\n"
        "ldr r4, [sp, #24]\n"
        "vldrw.u32 q0, [r3]\n"
        "vldrw.u32 q1, [r3, #16]\n"
        "dls lr, r2\n"
        "1:\n"
        "ldm r1!, {r5, r6, r7, r8}\n"
        MOTE_POSITION("r5")
        MOTE_POSITION("r6")
        MOTE_POSITION("r7")
        MOTE_POSITION("r8")
        "le lr, 1b\n"
        "vstrw.32 q0, [r3]\n"
        "vstrw.32 q1, [r3, #16]\n"
        "pop {r4, r5, r6, r7, r8, pc}\n");
#undef MOTE_POSITION
}

struct Extremes {
    int32_t score;
    uint32_t value_scale;                // the bits of a bf16; those that are not negative are ordered as their bits
    int32_t least_shift, largest_shift;  // of scores
};

// Dots become scores where they stand, four at a time; DLSTP masks those beyond n (1 and more).
//
//     for (uint32_t t = 0; t < n; t++) {
//         const int32_t shift = (key_scales[t] >> 7) - base;  // upwards, so to the right
//         const int32_t product = (int64_t(score[t] * ((key_scales[t] & 0x7f) | 0x80)) * (2 * factor)) >> 32;
//         score[t] = product << shift;
//         ...the extremes of score[t], value_scales[t] and shift
//     }
//
// VSHL takes its shift from a signed byte; shifts to the right by more than 31 leave what 31 leaves. factor is a mantissa of 15 bits << 15.
// q4-q7 extremes; at sp + 88: factor, base, extremes.
[[gnu::naked, gnu::noinline]] void scores_of(const uint16_t* /*key_scales*/, const uint16_t* /*value_scales*/, int32_t* /*score*/,
                                             uint32_t /*n*/, int32_t /*factor*/, int32_t /*base*/, Extremes* /*extremes*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, r8, lr}\n"
        "vpush {d8, d9, d10, d11, d12, d13, d14, d15}\n"
        "ldrd r4, r5, [sp, #88]\n"
        "mvn r6, #0x80000000\n"
        "vdup.32 q7, r6\n"
        "vmov.i32 q5, #0\n"
        "vmvn q4, q7\n"
        "vmvn q6, q7\n"
        "dlstp.32 lr, r3\n"
        "1:\n"
        "vldrh.u32 q0, [r0], #8\n"
        "vldrw.u32 q1, [r2]\n"
        "vmovlb.u8 q2, q0\n"
        "vorr.i32 q2, #0x80\n"
        "vmul.i32 q1, q1, q2\n"
        "vshr.u32 q3, q0, #7\n"
        "vqdmulh.s32 q1, q1, r4\n"
        "vsub.i32 q3, q3, r5\n"
        "vmvn.i32 q2, #30\n"
        "vmax.s32 q6, q6, q3\n"
        "vmin.s32 q7, q7, q3\n"
        "vmax.s32 q3, q3, q2\n"
        "vldrh.u32 q0, [r1], #8\n"
        "vshl.s32 q1, q1, q3\n"
        "vmax.u32 q5, q5, q0\n"
        "vmax.s32 q4, q4, q1\n"
        "vstrw.32 q1, [r2], #16\n"
        "letp lr, 1b\n"
        "mvn r4, r6\n"
        "mov r5, #0\n"
        "mov r7, r4\n"
        "vmaxv.s32 r4, q4\n"
        "vmaxv.u32 r5, q5\n"
        "vmaxv.s32 r7, q6\n"
        "vminv.s32 r6, q7\n"
        "ldr r8, [sp, #96]\n"
        "stm r8, {r4, r5, r6, r7}\n"
        "vpop {d8, d9, d10, d11, d12, d13, d14, d15}\n"
        "pop {r4, r5, r6, r7, r8, pc}\n");
}

// Scores become weights where they stand; returns the sum of all p. base = 9 + the largest exponent, which is 16 to 240: where a scale is
// zero, weight_of then shifts by 25 and more, and p * mantissa < 2^24 rounds to 0 by itself.
//
//     for (uint32_t t = 0; t < n; t++) {
//         const int32_t inverse = score[t] - above;    // above = largest + 1, so it is ~d, and inverse >> 16 is -1 - the whole part of d:
//         const int32_t down = inverse >> 16;          // twice the power is shifted by one more
//         const uint32_t f = ~inverse << 16;           // a fraction of 2^32: VMULH is then * f >> 16
//         const uint32_t p = 2 * (65536 - high((45324 - high((15149 - high(2596 * f)) * f)) * f)) >> -down;
//         total += p;
//         score[t] = round(p * ((value_scales[t] & 0x7f) | 0x80) / 2^(base - (value_scales[t] >> 7)));
//     }
//
// q4-q7 coefficients; at sp + 80: base.
[[gnu::naked, gnu::noinline]] uint32_t weights_of(const uint16_t* /*value_scales*/, int32_t* /*score*/, int32_t /*above*/, uint32_t /*n*/,
                                                  int32_t /*base*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, lr}\n"
        "vpush {d8, d9, d10, d11, d12, d13, d14, d15}\n"
        "ldr r5, [sp, #80]\n"
        "movw r4, #2596\n"
        "vdup.32 q4, r4\n"
        "movw r4, #15149\n"
        "vdup.32 q5, r4\n"
        "movw r4, #45324\n"
        "vdup.32 q6, r4\n"
        "vmov.i32 q7, #0x10000\n"
        "mov r4, #0\n"
        "dlstp.32 lr, r3\n"
        "1:\n"
        "vldrw.u32 q0, [r1]\n"
        "vsub.i32 q0, q0, r2\n"
        "vmvn.i32 q3, #31\n"
        "vshr.s32 q1, q0, #16\n"
        "vmvn q0, q0\n"
        "vmax.s32 q1, q1, q3\n"
        "vshl.i32 q0, q0, #16\n"
        "vmulh.u32 q2, q4, q0\n"
        "vsub.i32 q2, q5, q2\n"
        "vmulh.u32 q2, q2, q0\n"
        "vsub.i32 q2, q6, q2\n"
        "vmulh.u32 q2, q2, q0\n"
        "vldrh.u32 q0, [r0], #8\n"
        "vsub.i32 q2, q7, q2\n"
        "vshl.i32 q2, q2, #1\n"
        "vshl.u32 q2, q2, q1\n"
        "vmovlb.u8 q1, q0\n"
        "vaddva.u32 r4, q2\n"
        "vorr.i32 q1, #0x80\n"
        "vmul.i32 q2, q2, q1\n"
        "vshr.u32 q0, q0, #7\n"
        "vsub.i32 q0, q0, r5\n"
        "vmax.s32 q0, q0, q3\n"
        "vrshl.u32 q2, q2, q0\n"
        "vstrw.32 q2, [r1], #16\n"
        "letp lr, 1b\n"
        "mov r0, r4\n"
        "vpop {d8, d9, d10, d11, d12, d13, d14, d15}\n"
        "pop {r4, r5, r6, pc}\n");
}

// Eight elements, or those that are left, of the sum over n positions.
void sums_of_block(const int8_t* v, const uint32_t* weight, uint32_t n, uint32_t head_dim, uint32_t elements, int32_t* sums) {
    const uint32_t whole = elements == 8 ? n & ~3u : 0;
    vstrwq_s32(sums, vdupq_n_s32(0));
    vstrwq_s32(sums + 4, vdupq_n_s32(0));
    if (whole) add_values8(v, weight, whole / 4, sums, head_dim);
    v += size_t(whole) * head_dim;
    for (uint32_t t = whole; t < n; t++, v += head_dim)
        for (uint32_t j = 0; j < elements; j++) sums[j] += int32_t(weight[t]) * v[j];
}

void sum_values(const Attention& a, const uint32_t* weight, float unit, float* out) {
    for (uint32_t i = 0; i < a.head_dim; i += 8) {
        const uint32_t elements = a.head_dim - i < 8 ? a.head_dim - i : 8;
        const int8_t* v = reinterpret_cast<const int8_t*>(a.values) + i;
        int32_t sums[8];
        if (a.positions <= sum_block) {
            sums_of_block(v, weight, a.positions, a.head_dim, elements, sums);
            for (uint32_t j = 0; j < elements; j++) out[i + j] = float(sums[j]) * unit;
            continue;
        }
        int64_t total[8] = {};
        for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
            const uint32_t n = a.positions - begin < sum_block ? a.positions - begin : sum_block;
            sums_of_block(v + size_t(begin) * a.head_dim, weight + begin, n, a.head_dim, elements, sums);
            for (uint32_t j = 0; j < elements; j++) total[j] += sums[j];
        }
        for (uint32_t j = 0; j < elements; j++) out[i + j] = float(total[j]) * unit;
    }
}

}  // namespace

void mve_attend_q8(const Attention& a, const float* q, float* out) {
    int8_t* query = reinterpret_cast<int8_t*>(a.scratch + a.positions);
    float query_scale;
    quantize_row(q, a.head_dim, QuantizedTile{query, &query_scale, nullptr, a.head_dim}, 0);
    const ScoreScale scale = score_scale(query_scale, a.scale);
    if (!scale.finite) return ref_attend_q8(a, q, out);
    int32_t* score = reinterpret_cast<int32_t*>(a.scratch);
    const int8_t* keys = reinterpret_cast<const int8_t*>(a.keys);
    if (a.positions >= 4) {
        if (a.head_dim == 8) dots_of_8(keys, query, score, a.positions / 4);
        else dots_of_keys(keys, query, a.head_dim, score, a.positions / 4);
    }
    for (uint32_t t = a.positions & ~3u; t < a.positions; t++) {
        int32_t dot = 0;
        for (uint32_t i = 0; i < a.head_dim; i++) dot += query[i] * keys[size_t(t) * a.head_dim + i];
        score[t] = dot;
    }
    const int32_t base = 134 - 16 - 16 - scale.exponent;
    Extremes most;
    scores_of(a.key_scales, a.value_scales, score, a.positions, scale.mantissa * 32768, base, &most);
    const int32_t largest_exponent = int32_t(most.value_scale >> 7);
    // A key's scale is zero, is not finite or asks for a shift to the left; or a value's does not fit.
    if (most.least_shift == -base || most.largest_shift > 0 || largest_exponent < 16 || largest_exponent > 240) return ref_attend_q8(a, q, out);
    const uint32_t total = weights_of(a.value_scales, score, most.score + 1, a.positions, 9 + largest_exponent);
    sum_values(a, a.scratch, output_scale(largest_exponent, total), out);
}

uint32_t mve_softmax(const Attention& a, int32_t largest_score, int32_t largest_exponent) {
    return weights_of(a.value_scales, reinterpret_cast<int32_t*>(a.scratch), largest_score + 1, a.positions, 9 + largest_exponent);
}

}  // namespace mote

#endif
