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

// A sum of eight products is at most 8 * 8 * 127 = 8128 in magnitude, so its low half is all of it, and VPMADDWD multiplies it.
__m512i group_add(__m512i acc, const uint8_t* w, const int8_t* scales, const GroupX& x) {
    const __m512i mask = _mm512_set1_epi8(15), v = _mm512_loadu_si512(w);
    const __m512i low = _mm512_and_si512(v, mask), high = _mm512_and_si512(_mm512_srli_epi16(v, 4), mask);
    const __m512i dots = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(x.minus_eight, low, x.low), high, x.high);
    return _mm512_add_epi32(acc, _mm512_madd_epi16(dots, spread_scales(scales)));
}

template <uint32_t blocks>
void matvec(const uint8_t* w, const int8_t* scales, uint32_t groups, const int8_t* x, __m128i sums[]) {
    __m512i acc[blocks];
    for (uint32_t b = 0; b < blocks; b++) acc[b] = _mm512_setzero_si512();
    for (uint32_t g = 0; g < groups; g++) {
        const GroupX own = spread_group(x + g * group_cols);
        for (uint32_t b = 0; b < blocks; b++) {
            const size_t unit = size_t(b) * groups + g;
            acc[b] = group_add(acc[b], w + unit * 64, scales + unit * 4, own);
        }
    }
    for (uint32_t b = 0; b < blocks; b++) sums[b] = add_quarters(acc[b]);
}

}  // namespace

void avx512_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (x.exponents) return ref_matmul_q4(w, x, count, y);
    const uint32_t groups = padded_cols(Format::q4, w.cols) / group_cols;
    for (uint32_t row = 0; row < w.rows;) {
        const uint32_t blocks = w.rows - row >= 4 * most_blocks ? most_blocks : 1;
        const size_t unit = size_t(row / 4) * groups;
        for (uint32_t token = 0; token < count; token++) {
            __m128i sums[most_blocks];
            const int8_t* v = x.values + size_t(token) * x.stride;
            if (blocks == most_blocks) matvec<most_blocks>(w.data + unit * 64, w.group_scales + unit * 4, groups, v, sums);
            else matvec<1>(w.data + unit * 64, w.group_scales + unit * 4, groups, v, sums);
            for (uint32_t b = 0; b < blocks; b++)
                store_rows(sums[b], w.row_scales + row + 4 * b, x.scales[token], w.rows - row - 4 * b, y + size_t(token) * w.rows + row + 4 * b);
        }
        row += 4 * blocks;
    }
}

}  // namespace mote
