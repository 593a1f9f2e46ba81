// matmul_q4: a group of 32 columns is 64 bytes of four rows. Nibbles are unsigned as VPDPBUSD wants them; the sums begin at minus eight
// times the activations.
#include <immintrin.h>

#include "../avx2/store.h"
#include "../ref/ref.h"
#include "avxvnni.h"

namespace mote {
namespace {

// A group's activations, spread over four rows: for the nibbles of chunks 0 and 1, and of chunks 2 and 3.
struct GroupX {
    __m256i low[2], high[2], minus_eight[2];
};

GroupX spread(const int8_t* x) {
    const __m256i first = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1), second = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
    const __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
    const __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + 16)));
    const __m256i eights = _mm256_set1_epi8(8), zero = _mm256_setzero_si256();
    GroupX g;
    for (int half = 0; half < 2; half++) {
        g.low[half] = _mm256_permutevar8x32_epi32(low, half ? second : first);
        g.high[half] = _mm256_permutevar8x32_epi32(high, half ? second : first);
        const __m256i eight = _mm256_dpbusd_avx_epi32(_mm256_dpbusd_avx_epi32(zero, eights, g.low[half]), eights, g.high[half]);
        g.minus_eight[half] = _mm256_sub_epi32(zero, eight);
    }
    return g;
}

// One group of four rows. A sum of eight products is at most 8 * 8 * 127 = 8128 in magnitude, so its low half is all of it, and
// VPDPWSSD multiplies it by the row's scale, which stands in the low half of the row's place with a zero high half.
__m256i group_add(__m256i acc, const uint8_t* w, const int8_t* scales, const GroupX& x) {
    const __m256i mask = _mm256_set1_epi8(15);
    int32_t four;
    __builtin_memcpy(&four, scales, sizeof four);
    const __m128i words = _mm_and_si128(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(four)), _mm_set1_epi32(0xffff));
    const __m256i scale = _mm256_broadcastsi128_si256(words);
    for (int half = 0; half < 2; half++) {
        const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w) + half);
        const __m256i low = _mm256_and_si256(v, mask), high = _mm256_and_si256(_mm256_srli_epi16(v, 4), mask);
        const __m256i dots = _mm256_dpbusd_avx_epi32(_mm256_dpbusd_avx_epi32(x.minus_eight[half], low, x.low[half]), high, x.high[half]);
        acc = _mm256_dpwssd_avx_epi32(acc, dots, scale);
    }
    return acc;
}

template <uint32_t blocks>
void matvec(const uint8_t* w, const int8_t* scales, uint32_t groups, const int8_t* x, __m128i sums[]) {
    __m256i acc[blocks];
    for (uint32_t b = 0; b < blocks; b++) acc[b] = _mm256_setzero_si256();
    for (uint32_t g = 0; g < groups; g++) {
        const GroupX own = spread(x + g * group_cols);
        for (uint32_t b = 0; b < blocks; b++) {
            const size_t unit = size_t(b) * groups + g;
            acc[b] = group_add(acc[b], w + unit * 64, scales + unit * 4, own);
        }
    }
    for (uint32_t b = 0; b < blocks; b++) sums[b] = add_halves(acc[b]);
}

}  // namespace

void avxvnni_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (x.exponents) return ref_matmul_q4(w, x, count, y);
    const uint32_t groups = padded_cols(Format::q4, w.cols) / group_cols;
    for (uint32_t row = 0, blocks; row < w.rows; row += 4 * blocks) {
        const size_t unit = size_t(row / 4) * groups;
        blocks = w.rows - row >= 4 * most_blocks ? most_blocks : 1;
        for (uint32_t token = 0; token < count; token++) {
            __m128i sums[most_blocks];
            const int8_t* v = x.values + size_t(token) * x.stride;
            if (blocks == most_blocks) matvec<most_blocks>(w.data + unit * 64, w.group_scales + unit * 4, groups, v, sums);
            else matvec<1>(w.data + unit * 64, w.group_scales + unit * 4, groups, v, sums);
            for (uint32_t b = 0; b < blocks; b++)
                store_rows(sums[b], w.row_scales + row + 4 * b, x.scales[token], w.rows - row - 4 * b, y + size_t(token) * w.rows + row + 4 * b);
        }
    }
}

}  // namespace mote
