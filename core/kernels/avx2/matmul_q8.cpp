// matmul_q8: 32 bytes are two chunks of four rows; each chunk's four activations stand in all four rows' places.
#include <immintrin.h>

#include "../ref/ref.h"
#include "avx2.h"
#include "store.h"

namespace mote {
namespace {

// acc += w * x by fours. |w| is at most 128 and |x| at most 127, so two products stay within 2 * 128 * 127 = 32512: int16 is enough.
__m256i dot_add(__m256i acc, __m256i w, __m256i x) {
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

template <uint32_t blocks>
void matvec(const int8_t* w, size_t block_bytes, const int8_t* x, uint32_t cols, __m128i sums[]) {
    const __m256i low = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1), high = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
    __m256i acc[blocks];
    for (uint32_t b = 0; b < blocks; b++) acc[b] = _mm256_setzero_si256();
    for (uint32_t i = 0; i < cols; i += 16) {
        const __m256i x16 = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i)));
        const __m256i x01 = _mm256_permutevar8x32_epi32(x16, low), x23 = _mm256_permutevar8x32_epi32(x16, high);
        for (uint32_t b = 0; b < blocks; b++) {
            const __m256i* p = reinterpret_cast<const __m256i*>(w + b * block_bytes + size_t(i) * 4);
            acc[b] = dot_add(acc[b], _mm256_loadu_si256(p), x01);
            acc[b] = dot_add(acc[b], _mm256_loadu_si256(p + 1), x23);
        }
    }
    for (uint32_t b = 0; b < blocks; b++) sums[b] = add_halves(acc[b]);
}

}  // namespace

void avx2_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (x.exponents) return ref_matmul_q8(w, x, count, y);
    const uint32_t cols = padded_cols(Format::q8, w.cols);
    const size_t block_bytes = size_t(cols) * 4;
    for (uint32_t row = 0; row < w.rows;) {
        const uint32_t blocks = w.rows - row >= 4 * most_blocks ? most_blocks : 1;
        const int8_t* data = reinterpret_cast<const int8_t*>(w.data) + size_t(row) * cols;
        for (uint32_t token = 0; token < count; token++) {
            __m128i sums[most_blocks];
            const int8_t* v = x.values + size_t(token) * x.stride;
            if (blocks == most_blocks) matvec<most_blocks>(data, block_bytes, v, cols, sums);
            else matvec<1>(data, block_bytes, v, cols, sums);
            for (uint32_t b = 0; b < blocks; b++)
                store_rows(sums[b], w.row_scales + row + 4 * b, x.scales[token], w.rows - row - 4 * b, y + size_t(token) * w.rows + row + 4 * b);
        }
        row += 4 * blocks;
    }
}

}  // namespace mote
