// attention: one query against one head's q8 cache, four positions at a time. The steps are those of softmax.h for the scales that
// occur; a call that meets others goes to ref from its beginning. Positions that fill no vector take those definitions themselves.
#include "mve.h"

#if defined(MOTE_HAS_MVE)

#include <arm_mve.h>

#include "../ref/ref.h"
#include "../softmax.h"

namespace mote {
namespace {

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

// sums[j] += weight * value for the eight elements at v of each of n (1 and more) positions; the next position's elements lie
// head_dim bytes on.
//
//     for (; n > 0; n--, w++, v += head_dim)
//         for (int j = 0; j < 8; j++) sums[j] += *w * v[j];
[[gnu::naked, gnu::noinline]] void add_values8(const int8_t* /*v*/, const uint16_t* /*w*/, uint32_t /*n*/, int32_t* /*sums*/,
                                               uint32_t /*head_dim*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, lr}\n"
        "ldr r4, [sp, #16]\n"
        "vldrw.u32 q0, [r3]\n"
        "vldrw.u32 q1, [r3, #16]\n"
        "dls lr, r2\n"
        "1:\n"
        "vldrb.s32 q2, [r0]\n"
        "ldrh r5, [r1], #2\n"
        "vldrb.s32 q3, [r0, #4]\n"
        "vmla.s32 q0, q2, r5\n"
        "add r0, r0, r4\n"
        "vmla.s32 q1, q3, r5\n"
        "le lr, 1b\n"
        "vstrw.32 q0, [r3]\n"
        "vstrw.32 q1, [r3, #16]\n"
        "pop {r4, r5, r6, pc}\n");
}

uint32x4_t load_scales(const uint16_t* scales) { return vldrhq_u32(scales); }

// The mantissas of bf16 that are neither zero nor negative.
uint32x4_t mantissas(uint32x4_t bf16) {
    const uint32x4_t low_bytes = vreinterpretq_u32_u16(vmovlbq_u8(vreinterpretq_u8_u32(bf16)));
    return vorrq_n_u32(low_bytes, 0x80);
}

// VSHL takes its shift from a signed byte; shifts to the right by more than 31 leave what a shift by 31 or 32 leaves.
int32x4_t at_least(int32x4_t shift, int32_t least) { return vmaxq_s32(shift, vdupq_n_s32(least)); }

struct Largest {
    int32_t score;
    uint32_t value_scale;  // the bits of a bf16; those that are not negative are ordered as their bits
    bool usual;
};

// Dots become scores where they stand. Not `usual`: a key's scale is zero, not finite, or asks for a shift to the left.
Largest scores_of(const Attention& a, const ScoreScale& scale, int32_t* score) {
    const int32_t factor = scale.mantissa * 65536;  // below 2^31; the product's upper word is then the product >> 16
    const int32_t base = 134 - 16 - 16 - scale.exponent;
    const uint32_t whole = a.positions & ~3u;
    int32x4_t largest = vdupq_n_s32(-0x7fffffff);
    uint32x4_t value_most = vdupq_n_u32(0), key_most = vdupq_n_u32(0), key_least = vdupq_n_u32(0xffff);
    for (uint32_t t = 0; t < whole; t += 4) {
        const uint32x4_t bits = load_scales(a.key_scales + t);
        key_most = vmaxq_u32(key_most, bits);
        key_least = vminq_u32(key_least, bits);
        const int32x4_t products = vmulhq_s32(vmulq_s32(vldrwq_s32(score + t), vreinterpretq_s32_u32(mantissas(bits))), vdupq_n_s32(factor));
        const int32x4_t shift = at_least(vsubq_n_s32(vreinterpretq_s32_u32(vshrq_n_u32(bits, 7)), base), -31);
        const int32x4_t scores = vshlq_s32(products, shift);
        vstrwq_s32(score + t, scores);
        largest = vmaxq_s32(largest, scores);
        value_most = vmaxq_u32(value_most, load_scales(a.value_scales + t));
    }
    Largest all{vmaxvq_s32(-0x7fffffff, largest), vmaxvq_u32(0, value_most), false};
    uint32_t most = vmaxvq_u32(0, key_most), least = vminvq_u32(0xffff, key_least);
    for (uint32_t t = whole; t < a.positions; t++) {
        const uint32_t bits = a.key_scales[t];
        most = bits > most ? bits : most;
        least = bits < least ? bits : least;
        score[t] = score_of(score[t], a.key_scales[t], scale);
        all.score = score[t] > all.score ? score[t] : all.score;
        all.value_scale = a.value_scales[t] > all.value_scale ? a.value_scales[t] : all.value_scale;
    }
    all.usual = least >> 7 != 0 && int32_t(most >> 7) <= base;
    return all;
}

// Scores become weights, 16 bits each, from the front of the same memory; returns the sum of all p. 16 <= largest_exponent <= 240:
// where a scale is zero, weight_of then shifts by 25 and more, and p * mantissa < 2^24 rounds to 0 by itself.
uint32_t weights_of(const Attention& a, int32_t largest_score, int32_t largest_exponent, const int32_t* score, uint16_t* weight) {
    const uint32_t whole = a.positions & ~3u;
    uint32_t total = 0;
    for (uint32_t t = 0; t < whole; t += 4) {
        // inverse = ~d, so that inverse >> 16 is -1 - the whole part of d: twice the power is shifted by one more.
        const int32x4_t inverse = vsubq_n_s32(vldrwq_s32(score + t), largest_score + 1);
        const int32x4_t down = at_least(vshrq_n_s32(inverse, 16), -32);
        const uint32x4_t f = vshlq_n_u32(vreinterpretq_u32_s32(vmvnq_s32(inverse)), 16);  // a fraction of 2^32: VMULH is then * f >> 16
        uint32x4_t p = vsubq_u32(vdupq_n_u32(15149), vmulhq_u32(vdupq_n_u32(2596), f));
        p = vsubq_u32(vdupq_n_u32(45324), vmulhq_u32(p, f));
        p = vsubq_u32(vdupq_n_u32(65536), vmulhq_u32(p, f));
        p = vshlq_u32(vshlq_n_u32(p, 1), down);
        total = vaddvaq_u32(total, p);
        const uint32x4_t bits = load_scales(a.value_scales + t);
        const int32x4_t shift = at_least(vsubq_n_s32(vreinterpretq_s32_u32(vshrq_n_u32(bits, 7)), 9 + largest_exponent), -32);
        vstrhq_u32(weight + t, vrshlq_u32(vmulq_u32(p, mantissas(bits)), shift));
    }
    for (uint32_t t = whole; t < a.positions; t++) {
        const uint32_t p = exp2_negative(uint32_t(largest_score) - uint32_t(score[t]));
        total += p;
        weight[t] = uint16_t(weight_of(p, a.value_scales[t], largest_exponent));
    }
    return total;
}

void sum_values(const Attention& a, const uint16_t* weight, float unit, float* out) {
    for (uint32_t i = 0; i < a.head_dim; i += 8) {
        const uint32_t elements = a.head_dim - i < 8 ? a.head_dim - i : 8;
        int64_t total[8] = {};
        for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
            const uint32_t n = a.positions - begin < sum_block ? a.positions - begin : sum_block;
            const int8_t* v = reinterpret_cast<const int8_t*>(a.values) + size_t(begin) * a.head_dim + i;
            int32_t sums[8] = {};
            if (elements == 8) add_values8(v, weight + begin, n, sums, a.head_dim);
            else
                for (uint32_t t = 0; t < n; t++, v += a.head_dim)
                    for (uint32_t j = 0; j < elements; j++) sums[j] += weight[begin + t] * v[j];
            for (uint32_t j = 0; j < elements; j++) total[j] += sums[j];
        }
        for (uint32_t j = 0; j < elements; j++) out[i + j] = float(total[j]) * unit;
    }
}

}  // namespace

void mve_attend_q8(const Attention& a, const float* q, float* out) {
    int8_t* query = reinterpret_cast<int8_t*>(a.scratch + a.positions);
    float query_scale;
    ref_quantize_row(q, a.head_dim, QuantizedTile{query, &query_scale, nullptr, a.head_dim}, 0);
    const ScoreScale scale = score_scale(query_scale, a.scale);
    if (!scale.finite) return ref_attend_q8(a, q, out);
    int32_t* score = reinterpret_cast<int32_t*>(a.scratch);
    const int8_t* keys = reinterpret_cast<const int8_t*>(a.keys);
    if (a.positions >= 4) dots_of_keys(keys, query, a.head_dim, score, a.positions / 4);
    for (uint32_t t = a.positions & ~3u; t < a.positions; t++) {
        int32_t dot = 0;
        for (uint32_t i = 0; i < a.head_dim; i++) dot += query[i] * keys[size_t(t) * a.head_dim + i];
        score[t] = dot;
    }
    const Largest largest = scores_of(a, scale, score);
    const int32_t largest_exponent = int32_t(largest.value_scale >> 7);
    if (!largest.usual || largest_exponent < 16 || largest_exponent > 240) return ref_attend_q8(a, q, out);
    uint16_t* weight = reinterpret_cast<uint16_t*>(a.scratch);
    const uint32_t total = weights_of(a, largest.score, largest_exponent, score, weight);
    sum_values(a, weight, output_scale(largest_exponent, total), out);
}

}  // namespace mote

#endif
