// attention_two: two queries of heads of 8 that share their keys, values and scales, each loaded and spread once for both. The steps are
// those of thumb/attend.h; what they do not suit is done query by query.
#include "dsp.h"

#if defined(MOTE_HAS_DSP)

#include "weights.h"

namespace mote {
namespace {

constexpr uint32_t width = 8;

// dots[2 t] and dots[2 t + 1] = dots of the two queries at q with the key at k + 8 t, until dots_end (one key and more). Words throughout.
//
//     for (; dots < dots_end; dots += 2, k += 8)
//         for (int j = 0; j < 2; j++) {
//             dots[j] = 0;
//             for (int i = 0; i < 8; i++) dots[j] += q[8 * j + i] * k[i];
//         }
//
// r4-r7 of the first query, r8-r11 of the second, r1 r3 r12 of a key, then r12 lr dots; at sp: dots_end. Two keys a turn, after the odd one.
#define MOTE_KEY                     \
    "ldrd r1, r3, [r0], #8\n"        \
    "sxtb16 r12, r1\n"               \
    "sxtb16 r1, r1, ror #8\n"        \
    "smuad lr, r4, r12\n"            \
    "smuad r12, r8, r12\n"           \
    "smlad lr, r5, r1, lr\n"         \
    "smlad r12, r9, r1, r12\n"       \
    "sxtb16 r1, r3\n"                \
    "sxtb16 r3, r3, ror #8\n"        \
    "smlad lr, r6, r1, lr\n"         \
    "smlad r12, r10, r1, r12\n"      \
    "smlad lr, r7, r3, lr\n"         \
    "smlad r12, r11, r3, r12\n"      \
    "strd lr, r12, [r2], #8\n"

[[gnu::naked, gnu::noinline]] void dots_of_two(const int8_t* /*k*/, const int8_t* /*q*/, int32_t* /*dots*/, const int32_t* /*dots_end*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "ldrd r5, r7, [r1]\n"
        "ldrd r9, r11, [r1, #8]\n"
        "sub r3, r3, r2\n"
        "sxtb16 r4, r5\n"
        "sxtb16 r5, r5, ror #8\n"
        "sxtb16 r6, r7\n"
        "sxtb16 r7, r7, ror #8\n"
        "sxtb16 r8, r9\n"
        "sxtb16 r9, r9, ror #8\n"
        "sxtb16 r10, r11\n"
        "sxtb16 r11, r11, ror #8\n"
        "tst r3, #8\n"
        "bne 2f\n"
        "1:\n"
        MOTE_KEY
        "2:\n"
        MOTE_KEY
        "ldr r1, [sp]\n"
        "cmp r2, r1\n"
        "blo 1b\n"
        "pop {r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}
#undef MOTE_KEY

// sums[j] and sums[4 + j] += weight * value of the two queries for the four elements at v, until w_end (two positions and more). Weights lie
// as weights_of_two leaves them, an even number of them for each query.
//
//     for (; w < w_end; w += 4, v += 16)
//         for (int j = 0; j < 4; j++) {
//             sums[j] += w[0] * v[j] + w[1] * v[8 + j];
//             sums[4 + j] += w[2] * v[j] + w[3] * v[8 + j];
//         }
//
// r4-r7 sums of the first query, r8-r11 of the second, r3 r12 weights, r2 lr values; at sp: w_end, sums. Two pairs of positions a turn,
// after the odd one.
#define MOTE_ELEMENTS(word, a0, b0, a1, b1)           \
    "pkhbt r2, " word ", lr, lsl #16\n"               \
    "sxtb16 lr, r2\n"                                 \
    "sxtb16 r2, r2, ror #8\n"                         \
    "smlad " a0 ", lr, r3, " a0 "\n"                  \
    "smlad " b0 ", lr, r12, " b0 "\n"                 \
    "smlad " a1 ", r2, r3, " a1 "\n"                  \
    "smlad " b1 ", r2, r12, " b1 "\n"
#define MOTE_POSITIONS                                \
    "ldrd r3, r12, [r1], #8\n"                        \
    "ldrh r2, [r0, #2]\n"                             \
    "ldrh lr, [r0, #10]\n"                            \
    MOTE_ELEMENTS("r2", "r6", "r10", "r7", "r11")     \
    "ldrh lr, [r0, #8]\n"                             \
    "ldrh r2, [r0], #16\n"                            \
    MOTE_ELEMENTS("r2", "r4", "r8", "r5", "r9")

[[gnu::naked, gnu::noinline]] void add_values_of_two(const int8_t* /*v*/, const int16_t* /*w*/, const int16_t* /*w_end*/, int32_t* /*sums*/) {
    asm volatile(
        ".syntax unified\n"
        "push {r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n"
        "ldm r3, {r4, r5, r6, r7, r8, r9, r10, r11}\n"
        "sub r2, r2, r1\n"
        "tst r2, #8\n"
        "bne 2f\n"
        "1:\n"
        MOTE_POSITIONS
        "2:\n"
        MOTE_POSITIONS
        "ldr r2, [sp]\n"
        "cmp r1, r2\n"
        "blo 1b\n"
        "ldr r3, [sp, #4]\n"
        "stm r3, {r4, r5, r6, r7, r8, r9, r10, r11}\n"
        "pop {r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, pc}\n");
}
#undef MOTE_POSITIONS
#undef MOTE_ELEMENTS

// The largest of (scale - least) modulo 2^16, two scales a turn. bf16 that are not negative are ordered as their bits, and those below
// `least` become larger than all others.
uint32_t most_above(const uint16_t* scale, uint32_t n, uint32_t least) {
    uint32_t most = 0;
    if (reinterpret_cast<uintptr_t>(scale) % 4) most = uint16_t(*scale++ - least), n--;
    const uint32_t both = least | least << 16;
    const uint16_t* const end = scale + (n & ~1u);
    for (; scale < end; scale += 2) {
        uint32_t two, difference;
        __builtin_memcpy(&two, __builtin_assume_aligned(scale, 4), sizeof two);
        asm("usub16 %0, %0, %3\n usub16 %2, %0, %1\n sel %1, %0, %1" : "+r"(two), "+r"(most), "=&r"(difference) : "r"(both));
    }
    uint32_t high = most >> 16, low = most & 0xffffu;
    if (n & 1u) high = high > uint16_t(*scale - least) ? high : uint16_t(*scale - least);
    return high > low ? high : low;
}

struct Query {
    int32_t factor;
    uint32_t base;
    int32_t largest;
};

// Dots of two queries become scores where they stand.
[[gnu::noinline]] void scores_of_two(const uint16_t* key_scale, const uint16_t* end, Query* query, int32_t* score) {
    const int32_t factor0 = query[0].factor, factor1 = query[1].factor;
    const uint32_t base0 = query[0].base, base1 = query[1].base;
    int32_t largest0 = -0x7fffffff, largest1 = largest0;
    for (; key_scale < end; score += 2) {
        const uint32_t bits = *key_scale++;
        const int32_t m = int32_t((bits & 0x7fu) | 0x80u);
        const int32_t s0 = shift_right(multiply_shifted(score[0] * m, factor0), base0 - (bits >> 7));
        const int32_t s1 = shift_right(multiply_shifted(score[1] * m, factor1), base1 - (bits >> 7));
        score[0] = s0, score[1] = s1;
        if (s0 > largest0) largest0 = s0;
        if (s1 > largest1) largest1 = s1;
    }
    query[0].largest = largest0, query[1].largest = largest1;
}

// Sums lie as two halves of four elements, in each the first query's before the second's.
constexpr uint32_t place_of(uint32_t i) { return (i & 4u) * 2 + i / width * 4 + (i & 3u); }

void sum_block_of_two(const int8_t* v, const int16_t* weight, uint32_t n, int32_t* sums) {
    const uint32_t whole = n & ~1u;
    __builtin_memset(sums, 0, 16 * sizeof *sums);
    for (uint32_t half = 0; whole && half < 2; half++) add_values_of_two(v + 4 * half, weight, weight + 2 * whole, sums + 8 * half);
    if (whole == n) return;
    v += size_t(whole) * width, weight += 2 * whole;
    for (uint32_t j = 0; j < width; j++) sums[place_of(j)] += weight[0] * v[j], sums[place_of(width + j)] += weight[2] * v[j];
}

void sum_values_of_two(const Attention& a, const int16_t* weight, const float* unit, float* out) {
    int32_t sums[2 * width];
    const int8_t* v = reinterpret_cast<const int8_t*>(a.values);
    if (a.positions <= sum_block) {
        sum_block_of_two(v, weight, a.positions, sums);
        for (uint32_t i = 0; i < 2 * width; i++) out[i] = float(sums[place_of(i)]) * unit[i / width];
        return;
    }
    int64_t total[2 * width] = {};
    for (uint32_t begin = 0; begin < a.positions; begin += sum_block) {
        const uint32_t n = a.positions - begin < sum_block ? a.positions - begin : sum_block;
        sum_block_of_two(v + size_t(begin) * width, weight + 2 * begin, n, sums);
        for (uint32_t i = 0; i < 2 * width; i++) total[i] += sums[i];
    }
    for (uint32_t i = 0; i < 2 * width; i++) out[i] = float(total[place_of(i)]) * unit[i / width];
}

// False, with out untouched, where scales are not finite or unusually large or small.
bool attended_two(const Attention& a, const float* q, float* out) {
    int32_t* score = reinterpret_cast<int32_t*>(a.scratch);
    int8_t* queries = reinterpret_cast<int8_t*>(a.scratch + 2 * a.positions);
    const uint32_t most_key = most_above(a.key_scales, a.positions, 0x80) + 0x80, largest_exponent = most_above(a.value_scales, a.positions, 0) >> 7;
    Query query[2];
    bool usual = largest_exponent >= 16 && largest_exponent <= 240;
    for (uint32_t i = 0; i < 2; i++) {
        float query_scale;
        dsp_quantize_row(q + i * width, width, QuantizedTile{queries + i * width, &query_scale, nullptr, width}, 0);
        const ScoreScale scale = score_scale(query_scale, a.scale);
        query[i] = {scale.mantissa, uint32_t(134 - 16 - 16 - scale.exponent), 0};
        usual = usual && scale.finite && int32_t(query[i].base - (most_key >> 7)) >= 0;
    }
    if (!usual) return false;
    dots_of_two(reinterpret_cast<const int8_t*>(a.keys), queries, score, score + 2 * a.positions);
    scores_of_two(a.key_scales, a.key_scales + a.positions, query, score);
    int16_t* weight = reinterpret_cast<int16_t*>(a.scratch);
    float unit[2];
    for (uint32_t i = 0; i < 2; i++) {
        const uint32_t total = weights_of_two(a, query[i].largest, largest_exponent, score + i, weight + 2 * i);
        unit[i] = output_scale(int32_t(largest_exponent), total);
    }
    sum_values_of_two(a, weight, unit, out);
    return true;
}

}  // namespace

void dsp_attend_two_q8(const Attention& a, const float* q, float* out) {
    const uintptr_t places = reinterpret_cast<uintptr_t>(a.keys) | reinterpret_cast<uintptr_t>(a.values);
    if (a.head_dim == width && places % 4 == 0 && attended_two(a, q, out)) return;
    dsp_attend_q8(a, q, out);
    dsp_attend_q8(a, q + a.head_dim, out + a.head_dim);
}

}  // namespace mote

#endif
