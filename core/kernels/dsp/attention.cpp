// attention: one query against one head's q8 cache, four positions at a time. The steps are those of softmax.h for the scales that
// occur; a call that meets others, or a head that is no whole number of words, goes to ref from its beginning.
#include "dsp.h"

#if defined(MOTE_HAS_DSP)

#include "../ref/ref.h"
#include "../softmax.h"

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

// Shifts as the instructions have them: by 0 to 255, from 32 on nothing but the sign is left.
int32_t shift_right(int32_t x, uint32_t by) {
    int32_t y;
    asm("asr %0, %1, %2" : "=r"(y) : "r"(x), "r"(by));
    return y;
}
uint32_t shift_right(uint32_t x, uint32_t by) {
    uint32_t y;
    asm("lsr %0, %1, %2" : "=r"(y) : "r"(x), "r"(by));
    return y;
}

// exp2_negative for d < 2^31: p <= 2^16, so a shift by 17 and more is zero, and the whole part may stop at 31.
uint32_t exp2_of(uint32_t d) {
    uint32_t whole;
    asm("usat %0, #5, %1, asr #16" : "=r"(whole) : "r"(d));
    const uint32_t f = d & 0xffffu;
    uint32_t p = 15149 - ((2596 * f) >> 16);
    p = 45324 - ((p * f) >> 16);
    return shift_right(65536 - ((p * f) >> 16), whole);
}

void dots_of_keys(const Attention& a, const int8_t* query, int32_t* dots) {
    const int8_t* key = reinterpret_cast<const int8_t*>(a.keys);
    uint32_t t = 0;
    for (; t + 4 <= a.positions; t += 4, key += size_t(a.head_dim) * 4) dot4(key, query, a.head_dim, dots + t);
    for (; t < a.positions; t++, key += a.head_dim) {
        dots[t] = 0;
        for (uint32_t i = 0; i < a.head_dim; i++) dots[t] += query[i] * key[i];
    }
}

struct Largest {
    int32_t score;
    uint32_t value_scale;  // the bits of a bf16; those that are not negative are ordered as their bits
    bool usual;
};

// Dots become scores where they stand. Not `usual`: a key's scale is zero, not finite, or asks for a shift to the left.
Largest scores_of(const Attention& a, const ScoreScale& scale, int32_t* score) {
    const int32_t factor = scale.mantissa * 65536;  // below 2^31; the product's upper word is then the product >> 16
    const int32_t base = 134 - 16 - 16 - scale.exponent;
    Largest largest{-0x7fffffff, 0, false};
    const uint16_t* value_scale = a.value_scales;
    const uint16_t* const end = a.key_scales + a.positions;
    for (const uint16_t* key_scale = a.key_scales; key_scale < end; key_scale++, value_scale++, score++) {
        const uint32_t bits = *key_scale, exponent = bits >> 7;
        const int32_t shift = base - int32_t(exponent);  // at most 243
        if (exponent == 0 || shift < 0) return largest;
        const int32_t product = int32_t((int64_t(*score * int32_t((bits & 0x7fu) | 0x80u)) * factor) >> 32);
        const int32_t s = shift_right(product, uint32_t(shift));
        *score = s;
        if (s > largest.score) largest.score = s;
        if (*value_scale > largest.value_scale) largest.value_scale = *value_scale;
    }
    largest.usual = true;
    return largest;
}

// Scores become weights, int16, from the front of the same memory; returns the sum of all p. 16 <= largest_exponent <= 240, so the
// shift of weight_of is at most 249, and it is above 24 where the scale is zero: p * mantissa < 2^24 then rounds to 0 by itself.
// (x >> (shift - 1)) + 1 >> 1 is x / 2^shift rounded, as there.
uint32_t weights_of(const Attention& a, int32_t largest_score, uint32_t largest_exponent, const int32_t* score, int16_t* weight) {
    uint32_t total = 0;
    const uint16_t* const end = a.value_scales + a.positions;
    for (const uint16_t* value_scale = a.value_scales; value_scale < end; value_scale++) {
        const uint32_t p = exp2_of(uint32_t(largest_score) - uint32_t(*score++));
        const uint32_t bits = *value_scale;
        total += p;
        *weight++ = int16_t((shift_right(p * ((bits & 0x7fu) | 0x80u), 8 + largest_exponent - (bits >> 7)) + 1) >> 1);
    }
    return total;
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

void dsp_attend_q8(const Attention& a, const float* q, float* out) {
    if ((a.head_dim | reinterpret_cast<uintptr_t>(a.keys) | reinterpret_cast<uintptr_t>(a.values)) & 3u) return ref_attend_q8(a, q, out);
    int8_t* query = reinterpret_cast<int8_t*>(a.scratch + a.positions);
    float query_scale;
    ref_quantize_row(q, a.head_dim, QuantizedTile{query, &query_scale, nullptr, a.head_dim}, 0);
    const ScoreScale scale = score_scale(query_scale, a.scale);
    int32_t* score = reinterpret_cast<int32_t*>(a.scratch);
    int16_t* weight = reinterpret_cast<int16_t*>(a.scratch);
    if (!scale.finite) return ref_attend_q8(a, q, out);
    dots_of_keys(a, query, score);
    const Largest largest = scores_of(a, scale, score);
    const uint32_t largest_exponent = largest.value_scale >> 7;
    if (!largest.usual || largest_exponent < 16 || largest_exponent > 240) return ref_attend_q8(a, q, out);
    const uint32_t total = weights_of(a, largest.score, largest_exponent, score, weight);
    sum_values(a, weight, output_scale(int32_t(largest_exponent), total), out);
}

}  // namespace mote

#endif
