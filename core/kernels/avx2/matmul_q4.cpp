// matmul_q4: a group of 32 columns is 64 bytes of four rows. Nibbles are unsigned, so maddubs takes them as they are; eight times
// the activations goes off again before the group's scale is multiplied in.
#include <immintrin.h>

#include "avx2.h"
#include "matmul_q4.h"

namespace mote {
namespace {

// Spread over four rows: [0] for chunks 0 and 1, [1] for 2 and 3; low nibbles and high ones; and 8 times the sums of both by pairs.
struct Group {
    __m256i low[2], high[2], eight[2];

    explicit Group(const int8_t* x) {
        const __m256i first = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1), second = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
        const __m256i low16 = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
        const __m256i high16 = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + 16)));
        const __m256i eights = _mm256_set1_epi8(8);
        for (int half = 0; half < 2; half++) {
            const __m256i place = half ? second : first;
            low[half] = _mm256_permutevar8x32_epi32(low16, place);
            high[half] = _mm256_permutevar8x32_epi32(high16, place);
            eight[half] = _mm256_add_epi16(_mm256_maddubs_epi16(eights, low[half]), _mm256_maddubs_epi16(eights, high[half]));
        }
    }

    // |pairs| <= 4 * 8 * 127 = 4064, times a scale of at most 128, by twos: far inside int32.
    __m256i add(__m256i acc, const uint8_t* w, const int8_t* scales) const {
        const __m256i mask = _mm256_set1_epi8(15);
        int32_t four;
        __builtin_memcpy(&four, scales, sizeof four);
        // Each row's scale twice as int16, in the row's place of both halves.
        const __m128i bytes = _mm_shuffle_epi8(_mm_cvtsi32_si128(four), _mm_setr_epi8(0, 0, 1, 1, 2, 2, 3, 3, 0, 0, 1, 1, 2, 2, 3, 3));
        const __m256i scale = _mm256_broadcastsi128_si256(_mm_cvtepi8_epi16(bytes));
        for (int half = 0; half < 2; half++) {
            const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w) + half);
            const __m256i lows = _mm256_and_si256(v, mask), highs = _mm256_and_si256(_mm256_srli_epi16(v, 4), mask);
            const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(lows, low[half]), _mm256_maddubs_epi16(highs, high[half]));
            acc = _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_sub_epi16(pairs, eight[half]), scale));
        }
        return acc;
    }
};

}  // namespace

void avx2_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) { matmul_q4_by<Group>(w, x, count, y); }

}  // namespace mote
