// matmul_q8: 64 bytes are four chunks of four rows. VPDPBUSD wants one side unsigned: weights become w + 128 by flipping their
// top bit, and 128 times the sum of the activations goes off at the end.
#include <immintrin.h>

#include "../avx2/store.h"
#include "../ref/ref.h"
#include "avx512.h"
#include "lanes.h"
#include "spread.h"

namespace mote {
namespace {

// A block of four rows is `bytes` in a row, and the vector spread over four rows as many.
__m512i multiply_block(const int8_t* w, const int8_t* spread, uint32_t bytes) {
    const __m512i top_bits = _mm512_set1_epi8(int8_t(0x80));
    const auto step = [&](__m512i sum, uint32_t i) {
        prefetch_ahead(w + i);
        return _mm512_dpbusd_epi32(sum, _mm512_xor_si512(_mm512_loadu_si512(w + i), top_bits), _mm512_load_si512(spread + i));
    };
    __m512i even = _mm512_setzero_si512(), odd = even;
    uint32_t i = 0;
    for (; i + 128 <= bytes; i += 128) {
        even = step(even, i);
        odd = step(odd, i + 64);
    }
    if (i < bytes) even = step(even, i);
    return _mm512_add_epi32(even, odd);
}

// Four blocks at once, each piece of the vector loaded once for all.
[[gnu::always_inline]] inline void multiply_four_blocks(const int8_t* w, const int8_t* spread, uint32_t bytes, __m512i sums[4]) {
    const __m512i top_bits = _mm512_set1_epi8(int8_t(0x80));
    for (uint32_t b = 0; b < 4; b++) sums[b] = _mm512_setzero_si512();
    for (uint32_t i = 0; i < bytes; i += 64) {
        const __m512i x = _mm512_load_si512(spread + i);
        for (uint32_t b = 0; b < 4; b++)
            sums[b] = _mm512_dpbusd_epi32(sums[b], _mm512_xor_si512(_mm512_loadu_si512(w + size_t(b) * bytes + i), top_bits), x);
    }
}

// Weights that the second cache keeps are taken by four blocks; others go by in the order in which they lie.
constexpr size_t kept_bytes = 128 << 10;

// One vector.
void multiply_vector(const Matrix& w, const int8_t* x, float x_scale, float* y) {
    const uint32_t cols = padded_cols(Format::q8, w.cols), block_bytes = 4 * cols;
    alignas(64) int8_t spread[4 * widest_spread];
    for (uint32_t i = 0; i < cols; i += 16) _mm512_store_si512(spread + 4 * i, spread16(x + i));
    const __m512i bias = _mm512_set1_epi32(128 * sum_of_int8(x, cols));
    const int8_t* block = reinterpret_cast<const int8_t*>(w.data);
    const bool kept = size_t(w.rows) * cols <= kept_bytes;
    for (uint32_t row = 0; row < w.rows; row += 16, block += 4 * block_bytes) {
        const uint32_t left = w.rows - row;
        __m512i sums[4];
        if (kept && left > 12)
            multiply_four_blocks(block, spread, block_bytes, sums);
        else
            for (uint32_t b = 0; b < 4; b++)
                sums[b] = 4 * b < left ? multiply_block(block + b * block_bytes, spread, block_bytes) : bias;
        store_rows16(_mm512_sub_epi32(add_quarters16(sums), bias), w.row_scales + row, x_scale, left, y + row);
    }
}

constexpr uint32_t most_tokens = 4;  // of a tile that share the loading of weights

// Blocks of four rows times some tokens; all sums live in registers.
template <uint32_t blocks, uint32_t tokens>
void multiply(const int8_t* w, uint32_t cols, const int8_t* x, uint32_t stride, __m128i sums[][most_blocks]) {
    const __m512i top_bits = _mm512_set1_epi8(int8_t(0x80));
    __m512i acc[tokens][blocks];
    for (uint32_t t = 0; t < tokens; t++)
        for (uint32_t b = 0; b < blocks; b++) acc[t][b] = _mm512_setzero_si512();
    for (uint32_t i = 0; i < cols; i += 16) {
        __m512i unit[blocks];
        for (uint32_t b = 0; b < blocks; b++)
            unit[b] = _mm512_xor_si512(_mm512_loadu_si512(w + size_t(b) * 4 * cols + size_t(i) * 4), top_bits);
        for (uint32_t t = 0; t < tokens; t++) {
            const __m512i own = spread16(x + size_t(t) * stride + i);
            for (uint32_t b = 0; b < blocks; b++) acc[t][b] = _mm512_dpbusd_epi32(acc[t][b], unit[b], own);
        }
    }
    for (uint32_t t = 0; t < tokens; t++)
        for (uint32_t b = 0; b < blocks; b++) sums[t][b] = add_quarters(acc[t][b]);
}

template <uint32_t blocks>
void multiply_some(uint32_t tokens, const int8_t* w, uint32_t cols, const int8_t* x, uint32_t stride, __m128i sums[][most_blocks]) {
    if (tokens == 4)
        multiply<blocks, 4>(w, cols, x, stride, sums);
    else if (tokens == 3)
        multiply<blocks, 3>(w, cols, x, stride, sums);
    else if (tokens == 2)
        multiply<blocks, 2>(w, cols, x, stride, sums);
    else
        multiply<blocks, 1>(w, cols, x, stride, sums);
}

// Tokens whose activations stay close while all weights go by.
constexpr uint32_t pass_tokens = 32;

void matmul_tokens(const Matrix& w, const QuantizedTile& x, uint32_t first, uint32_t count, float* y) {
    const uint32_t cols = padded_cols(Format::q8, w.cols);
    const int8_t* data = reinterpret_cast<const int8_t*>(w.data);
    int32_t bias[pass_tokens];
    for (uint32_t i = 0; i < count; i++) bias[i] = 128 * sum_of_int8(x.values + size_t(first + i) * x.stride, cols);
    for (uint32_t row = 0; row < w.rows;) {
        const uint32_t blocks = w.rows - row >= 4 * most_blocks ? most_blocks : 1;
        for (uint32_t i = 0; i < count; i += most_tokens) {
            const uint32_t tokens = count - i < most_tokens ? count - i : most_tokens;
            const int8_t* v = x.values + size_t(first + i) * x.stride;
            __m128i sums[most_tokens][most_blocks];
            if (blocks == most_blocks)
                multiply_some<most_blocks>(tokens, data + size_t(row) * cols, cols, v, x.stride, sums);
            else
                multiply_some<1>(tokens, data + size_t(row) * cols, cols, v, x.stride, sums);
            for (uint32_t t = 0; t < tokens; t++)
                for (uint32_t b = 0; b < blocks; b++)
                    store_rows(_mm_sub_epi32(sums[t][b], _mm_set1_epi32(bias[i + t])), w.row_scales + row + 4 * b,
                               x.scales[first + i + t], w.rows - row - 4 * b, y + size_t(first + i + t) * w.rows + row + 4 * b);
        }
        row += 4 * blocks;
    }
}

}  // namespace

void avx512_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (x.exponents) return ref_matmul_q8(w, x, count, y);
    if (count == 1 && padded_cols(Format::q8, w.cols) <= widest_spread) return multiply_vector(w, x.values, x.scales[0], y);
    for (uint32_t first = 0; first < count; first += pass_tokens)
        matmul_tokens(w, x, first, count - first < pass_tokens ? count - first : pass_tokens, y);
}

}  // namespace mote
