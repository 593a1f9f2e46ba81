// matmul_q4: a group of 32 columns is 64 bytes of four rows. Nibbles are unsigned as VPDPBUSD wants them; the sums begin at minus
// eight times the activations.
#include <immintrin.h>

#include "../avx2/matmul_q4.h"
#include "avxvnni.h"

namespace mote {
namespace {

// Spread over four rows: [0] for chunks 0 and 1, [1] for 2 and 3; low nibbles and high ones.
struct Group {
    __m256i low[2], high[2], minus_eight[2];

    explicit Group(const int8_t* x) {
        const __m256i first = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1), second = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
        const __m256i low16 = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
        const __m256i high16 = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + 16)));
        const __m256i eights = _mm256_set1_epi8(8), zero = _mm256_setzero_si256();
        for (int half = 0; half < 2; half++) {
            const __m256i place = half ? second : first;
            low[half] = _mm256_permutevar8x32_epi32(low16, place);
            high[half] = _mm256_permutevar8x32_epi32(high16, place);
            minus_eight[half] = _mm256_sub_epi32(zero, dots(zero, eights, eights, half));
        }
    }

    // sums + the products of low nibbles and of high ones, by fours.
    __m256i dots(__m256i sums, __m256i lows, __m256i highs, int half) const {
        return _mm256_dpbusd_avx_epi32(_mm256_dpbusd_avx_epi32(sums, lows, low[half]), highs, high[half]);
    }

    // A sum of eight products is at most 8 * 8 * 127 = 8128 in magnitude, so its low half is all of it, and VPDPWSSD multiplies it
    // by the row's scale, which stands in the low half of the row's place with a zero high half.
    __m256i add(__m256i acc, const uint8_t* w, const int8_t* scales) const {
        const __m256i mask = _mm256_set1_epi8(15);
        int32_t four;
        __builtin_memcpy(&four, scales, sizeof four);
        const __m128i words = _mm_and_si128(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(four)), _mm_set1_epi32(0xffff));
        const __m256i scale = _mm256_broadcastsi128_si256(words);
        for (int half = 0; half < 2; half++) {
            const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w) + half);
            const __m256i lows = _mm256_and_si256(v, mask), highs = _mm256_and_si256(_mm256_srli_epi16(v, 4), mask);
            acc = _mm256_dpwssd_avx_epi32(acc, dots(minus_eight[half], lows, highs, half), scale);
        }
        return acc;
    }
};

}  // namespace

void avxvnni_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) { matmul_q4_by<Group>(w, x, count, y); }

}  // namespace mote
