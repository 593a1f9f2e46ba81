// matmul_q8: 64 bytes are four chunks of four rows. VPDPBUSD wants one side unsigned: weights become w + 128 by flipping their
// top bit, and 128 times the sum of the activations goes off at the end.
#include <immintrin.h>

#include "../avx2/store.h"
#include "../ref/ref.h"
#include "avx512.h"
#include "spread.h"

namespace mote {
namespace {

int32_t sum_of(const int8_t* x, uint32_t cols) {
    const __m512i ones = _mm512_set1_epi8(1);
    __m512i sum = _mm512_setzero_si512();
    for (uint32_t i = 0; i < cols; i += 16)
        sum = _mm512_dpbusd_epi32(sum, ones, _mm512_zextsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i))));
    return _mm512_reduce_add_epi32(sum);
}

template <uint32_t blocks>
void matvec(const int8_t* w, size_t block_bytes, const int8_t* x, uint32_t cols, __m128i sums[]) {
    const __m512i top_bits = _mm512_set1_epi8(int8_t(0x80));
    __m512i acc[blocks];
    for (uint32_t b = 0; b < blocks; b++) acc[b] = _mm512_setzero_si512();
    for (uint32_t i = 0; i < cols; i += 16) {
        const __m512i own = spread16(x + i);
        for (uint32_t b = 0; b < blocks; b++) {
            const __m512i unit = _mm512_loadu_si512(w + b * block_bytes + size_t(i) * 4);
            acc[b] = _mm512_dpbusd_epi32(acc[b], _mm512_xor_si512(unit, top_bits), own);
        }
    }
    for (uint32_t b = 0; b < blocks; b++) sums[b] = add_quarters(acc[b]);
}

constexpr uint32_t most_tokens = 16;  // of a tile that share one pass over the weights

void matmul_tokens(const Matrix& w, const QuantizedTile& x, uint32_t first, uint32_t count, float* y) {
    const uint32_t cols = padded_cols(Format::q8, w.cols);
    __m128i bias[most_tokens];
    for (uint32_t i = 0; i < count; i++) bias[i] = _mm_slli_epi32(_mm_set1_epi32(sum_of(x.values + size_t(first + i) * x.stride, cols)), 7);
    for (uint32_t row = 0; row < w.rows;) {
        const uint32_t blocks = w.rows - row >= 4 * most_blocks ? most_blocks : 1;
        const int8_t* data = reinterpret_cast<const int8_t*>(w.data) + size_t(row) * cols;
        for (uint32_t i = 0; i < count; i++) {
            const int8_t* v = x.values + size_t(first + i) * x.stride;
            __m128i sums[most_blocks];
            if (blocks == most_blocks) matvec<most_blocks>(data, size_t(cols) * 4, v, cols, sums);
            else matvec<1>(data, size_t(cols) * 4, v, cols, sums);
            float* to = y + size_t(first + i) * w.rows + row;
            for (uint32_t b = 0; b < blocks; b++)
                store_rows(_mm_sub_epi32(sums[b], bias[i]), w.row_scales + row + 4 * b, x.scales[first + i], w.rows - row - 4 * b, to + 4 * b);
        }
        row += 4 * blocks;
    }
}

}  // namespace

void avx512_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (x.exponents) return ref_matmul_q8(w, x, count, y);
    for (uint32_t first = 0; first < count; first += most_tokens)
        matmul_tokens(w, x, first, count - first < most_tokens ? count - first : most_tokens, y);
}

}  // namespace mote
