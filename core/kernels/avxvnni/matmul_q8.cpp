// matmul_q8: 32 bytes are two chunks of four rows. VPDPBUSD wants one side unsigned: weights become w + 128 by flipping their top
// bit, and 128 times the sum of the activations goes off at the end.
#include <immintrin.h>

#include "../avx2/store.h"
#include "../ref/ref.h"
#include "avxvnni.h"

namespace mote {
namespace {

int32_t sum_of(const int8_t* x, uint32_t cols) {
    __m256i sum = _mm256_setzero_si256();
    for (uint32_t i = 0; i < cols; i += 16)
        sum = _mm256_dpbusd_avx_epi32(sum, _mm256_set1_epi8(1),
                                      _mm256_zextsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i))));
    const __m128i four = add_halves(sum), two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

constexpr uint32_t most_tokens = 2;  // that share the loading of weights

// Blocks of four rows times some tokens; all sums live in registers.
template <uint32_t blocks, uint32_t tokens>
void multiply(const int8_t* w, uint32_t cols, const int8_t* x, uint32_t stride, __m128i sums[][most_blocks]) {
    const __m256i low = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1), high = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
    __m256i acc[tokens][blocks];
    for (uint32_t t = 0; t < tokens; t++)
        for (uint32_t b = 0; b < blocks; b++) acc[t][b] = _mm256_setzero_si256();
    for (uint32_t i = 0; i < cols; i += 16) {
        __m256i x01[tokens], x23[tokens];
        for (uint32_t t = 0; t < tokens; t++) {
            const __m256i x16 =
                _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + size_t(t) * stride + i)));
            x01[t] = _mm256_permutevar8x32_epi32(x16, low), x23[t] = _mm256_permutevar8x32_epi32(x16, high);
        }
        for (uint32_t b = 0; b < blocks; b++) {
            const __m256i* p = reinterpret_cast<const __m256i*>(w + size_t(b) * 4 * cols + size_t(i) * 4);
            const __m256i top_bits = _mm256_set1_epi8(int8_t(0x80));
            const __m256i w01 = _mm256_xor_si256(_mm256_loadu_si256(p), top_bits),
                          w23 = _mm256_xor_si256(_mm256_loadu_si256(p + 1), top_bits);
            for (uint32_t t = 0; t < tokens; t++)
                acc[t][b] = _mm256_dpbusd_avx_epi32(_mm256_dpbusd_avx_epi32(acc[t][b], w01, x01[t]), w23, x23[t]);
        }
    }
    for (uint32_t t = 0; t < tokens; t++)
        for (uint32_t b = 0; b < blocks; b++) sums[t][b] = add_halves(acc[t][b]);
}

}  // namespace

void avxvnni_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (x.exponents) return ref_matmul_q8(w, x, count, y);
    const uint32_t cols = padded_cols(Format::q8, w.cols);
    for (uint32_t first = 0; first < count; first += most_tokens) {
        const uint32_t tokens = count - first < most_tokens ? 1 : most_tokens;
        const int8_t* v = x.values + size_t(first) * x.stride;
        __m128i bias[most_tokens];
        for (uint32_t t = 0; t < tokens; t++) bias[t] = _mm_set1_epi32(128 * sum_of(v + size_t(t) * x.stride, cols));
        for (uint32_t row = 0, blocks; row < w.rows; row += 4 * blocks) {
            const int8_t* data = reinterpret_cast<const int8_t*>(w.data) + size_t(row) * cols;
            __m128i sums[most_tokens][most_blocks];
            blocks = w.rows - row >= 4 * most_blocks ? most_blocks : 1;
            if (blocks == most_blocks && tokens == most_tokens)
                multiply<most_blocks, most_tokens>(data, cols, v, x.stride, sums);
            else if (blocks == most_blocks)
                multiply<most_blocks, 1>(data, cols, v, x.stride, sums);
            else if (tokens == most_tokens)
                multiply<1, most_tokens>(data, cols, v, x.stride, sums);
            else
                multiply<1, 1>(data, cols, v, x.stride, sums);
            for (uint32_t t = 0; t < tokens; t++)
                for (uint32_t b = 0; b < blocks; b++)
                    store_rows(_mm_sub_epi32(sums[t][b], bias[t]), w.row_scales + row + 4 * b, x.scales[first + t],
                               w.rows - row - 4 * b, y + size_t(first + t) * w.rows + row + 4 * b);
        }
    }
}

}  // namespace mote
