// matmul_q4: a group of 32 columns and four rows is one register. Nibbles are unsigned as VPDPBUSD wants them; the sums begin at
// minus eight times the activations.
#include <immintrin.h>

#include "../avx2/store.h"
#include "../ref/ref.h"
#include "avx512.h"
#include "spread.h"

namespace mote {
namespace {

struct GroupX {
    __m512i low, high, minus_eight;
};

GroupX spread_group(const int8_t* x) {
    const __m512i low = spread16(x), high = spread16(x + 16), eights = _mm512_set1_epi8(8);
    const __m512i eight = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), eights, low), eights, high);
    return {low, high, _mm512_sub_epi32(_mm512_setzero_si512(), eight)};
}

// Each row's scale in the low half of the row's place of all lanes, with a zero high half.
__m512i spread_scales(const int8_t* scales) {
    int32_t four;
    __builtin_memcpy(&four, scales, sizeof four);
    const __m128i words = _mm_and_si128(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(four)), _mm_set1_epi32(0xffff));
    return _mm512_broadcast_i32x4(words);
}

// The scales of up to four groups of a block, each in the low half of its row's place, with a zero high half.
template <uint32_t count>
__m512i load_scales(const int8_t* scales) {
    const __m512i bytes = _mm512_maskz_loadu_epi8((uint64_t(1) << 4 * count) - 1, scales);
    return _mm512_and_si512(_mm512_cvtepi8_epi32(_mm512_castsi512_si128(bytes)), _mm512_set1_epi32(0xffff));
}

// Blocks of four rows times a vector whose groups are spread: up to four groups from group g on. Each line costs seven steps on
// the two ports that take 512 bits; only below memory's own pace do they stay hidden behind it.
template <uint32_t blocks, uint32_t count>
[[gnu::always_inline]] inline void add_groups(const uint8_t* w, const int8_t* scales, uint32_t groups, uint32_t g, const GroupX* x,
                                              __m512i sums[]) {
    const __m512i mask = _mm512_set1_epi8(15), first = _mm512_setr_epi32(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
    __m512i words[blocks];
    for (uint32_t b = 0; b < blocks; b++) words[b] = load_scales<count>(scales + 4 * (size_t(b) * groups + g));
    for (uint32_t k = 0; k < count; k++) {
        const GroupX own = x[g + k];
        const __m512i place = _mm512_add_epi32(first, _mm512_set1_epi32(int32_t(4 * k)));
        for (uint32_t b = 0; b < blocks; b++) {
            const uint8_t* line = w + (size_t(b) * groups + g + k) * 64;
            prefetch_ahead(line);
            const __m512i v = _mm512_loadu_si512(line);
            const __m512i low = _mm512_and_si512(v, mask), high = _mm512_and_si512(_mm512_srli_epi16(v, 4), mask);
            const __m512i dots = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(own.minus_eight, low, own.low), high, own.high);
            sums[b] = _mm512_dpwssd_epi32(sums[b], dots, _mm512_permutexvar_epi32(place, words[b]));
        }
    }
}

template <uint32_t blocks>
void multiply_blocks(const uint8_t* w, const int8_t* scales, uint32_t groups, const GroupX* x, __m512i sums[]) {
    for (uint32_t b = 0; b < blocks; b++) sums[b] = _mm512_setzero_si512();
    uint32_t g = 0;
    for (; g + 4 <= groups; g += 4) add_groups<blocks, 4>(w, scales, groups, g, x, sums);
    switch (groups - g) {
        case 3:
            return add_groups<blocks, 3>(w, scales, groups, g, x, sums);
        case 2:
            return add_groups<blocks, 2>(w, scales, groups, g, x, sums);
        case 1:
            return add_groups<blocks, 1>(w, scales, groups, g, x, sums);
    }
}

void multiply_vector(const Matrix& w, const int8_t* x, float x_scale, float* y) {
    const uint32_t groups = padded_cols(Format::q4, w.cols) / group_cols;
    alignas(64) GroupX spread[widest_spread / group_cols];
    for (uint32_t g = 0; g < groups; g++) spread[g] = spread_group(x + g * group_cols);
    for (uint32_t row = 0; row < w.rows; row += 16) {
        const size_t unit = size_t(row / 4) * groups;
        const uint32_t left = w.rows - row;
        __m512i sums[4] = {};
        if (left > 12)
            multiply_blocks<4>(w.data + unit * 64, w.group_scales + unit * 4, groups, spread, sums);
        else
            for (uint32_t b = 0; 4 * b < left; b++)
                multiply_blocks<1>(w.data + (unit + b * groups) * 64, w.group_scales + (unit + b * groups) * 4, groups, spread,
                                   sums + b);
        store_rows16(add_quarters16(sums), w.row_scales + row, x_scale, left, y + row);
    }
}

constexpr uint32_t most_tokens = 4;  // of a tile that share the unpacking of weights

// Blocks of four rows times some tokens. A sum of eight products is at most 8 * 8 * 127 = 8128 in magnitude, so its low half is all
// of it, and VPMADDWD multiplies it by the group's scale.
template <uint32_t blocks, uint32_t tokens>
void multiply(const uint8_t* w, const int8_t* scales, uint32_t groups, const int8_t* x, uint32_t stride,
              __m128i sums[][most_blocks]) {
    const __m512i mask = _mm512_set1_epi8(15);
    __m512i acc[tokens][blocks];
    for (uint32_t t = 0; t < tokens; t++)
        for (uint32_t b = 0; b < blocks; b++) acc[t][b] = _mm512_setzero_si512();
    for (uint32_t g = 0; g < groups; g++) {
        GroupX own[tokens];
        for (uint32_t t = 0; t < tokens; t++) own[t] = spread_group(x + size_t(t) * stride + g * group_cols);
        for (uint32_t b = 0; b < blocks; b++) {
            const size_t unit = size_t(b) * groups + g;
            const __m512i v = _mm512_loadu_si512(w + unit * 64), scale = spread_scales(scales + unit * 4);
            const __m512i low = _mm512_and_si512(v, mask), high = _mm512_and_si512(_mm512_srli_epi16(v, 4), mask);
            for (uint32_t t = 0; t < tokens; t++) {
                const __m512i dots =
                    _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(own[t].minus_eight, low, own[t].low), high, own[t].high);
                acc[t][b] = _mm512_dpwssd_epi32(acc[t][b], dots, scale);
            }
        }
    }
    for (uint32_t t = 0; t < tokens; t++)
        for (uint32_t b = 0; b < blocks; b++) sums[t][b] = add_quarters(acc[t][b]);
}

template <uint32_t blocks>
void multiply_some(uint32_t tokens, const uint8_t* w, const int8_t* scales, uint32_t groups, const int8_t* x, uint32_t stride,
                   __m128i sums[][most_blocks]) {
    if (tokens == 4)
        multiply<blocks, 4>(w, scales, groups, x, stride, sums);
    else if (tokens == 3)
        multiply<blocks, 3>(w, scales, groups, x, stride, sums);
    else if (tokens == 2)
        multiply<blocks, 2>(w, scales, groups, x, stride, sums);
    else
        multiply<blocks, 1>(w, scales, groups, x, stride, sums);
}

}  // namespace

void avx512_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (x.exponents) return ref_matmul_q4(w, x, count, y);
    if (count == 1 && padded_cols(Format::q4, w.cols) <= widest_spread) return multiply_vector(w, x.values, x.scales[0], y);
    const uint32_t groups = padded_cols(Format::q4, w.cols) / group_cols;
    for (uint32_t row = 0; row < w.rows;) {
        const uint32_t blocks = w.rows - row >= 4 * most_blocks ? most_blocks : 1;
        const size_t unit = size_t(row / 4) * groups;
        for (uint32_t i = 0; i < count; i += most_tokens) {
            const uint32_t tokens = count - i < most_tokens ? count - i : most_tokens;
            const int8_t* v = x.values + size_t(i) * x.stride;
            __m128i sums[most_tokens][most_blocks];
            if (blocks == most_blocks)
                multiply_some<most_blocks>(tokens, w.data + unit * 64, w.group_scales + unit * 4, groups, v, x.stride, sums);
            else
                multiply_some<1>(tokens, w.data + unit * 64, w.group_scales + unit * 4, groups, v, x.stride, sums);
            for (uint32_t t = 0; t < tokens; t++)
                for (uint32_t b = 0; b < blocks; b++)
                    store_rows(sums[t][b], w.row_scales + row + 4 * b, x.scales[i + t], w.rows - row - 4 * b,
                               y + size_t(i + t) * w.rows + row + 4 * b);
        }
        row += 4 * blocks;
    }
}

}  // namespace mote
