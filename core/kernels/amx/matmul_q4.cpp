// matmul_q4: sixteen tokens times sixteen rows at a time. The nibbles of the rows become bytes once for all tokens; each group's
// product is 16 x 16 integers of 16 bits, which VPDPWSSD multiplies by the group's scales into sums that stay in registers.
#include <immintrin.h>

#include "../avx512/avx512.h"
#include "../avx512/spread.h"
#include "amx.h"
#include "shapes.h"

namespace mote {
namespace {

constexpr uint32_t tile_tokens = 16, tile_rows = 16;
constexpr uint32_t group_bytes = tile_rows * group_cols;  // of unpacked weights: 8 lines of four columns of 16 rows
constexpr uint32_t widest = 2048;                         // columns that are unpacked at once; the buffer stays near the core

// Four registers of four 16-byte parts each, transposed: part b of register l comes from part l of block b.
void store_lines(const __m512i block[4], int8_t* lines) {
    const __m512i a = _mm512_shuffle_i32x4(block[0], block[1], 0x44), b = _mm512_shuffle_i32x4(block[0], block[1], 0xee);
    const __m512i c = _mm512_shuffle_i32x4(block[2], block[3], 0x44), d = _mm512_shuffle_i32x4(block[2], block[3], 0xee);
    _mm512_store_si512(lines, _mm512_shuffle_i32x4(a, c, 0x88));
    _mm512_store_si512(lines + 64, _mm512_shuffle_i32x4(a, c, 0xdd));
    _mm512_store_si512(lines + 128, _mm512_shuffle_i32x4(b, d, 0x88));
    _mm512_store_si512(lines + 192, _mm512_shuffle_i32x4(b, d, 0xdd));
}

// Sixteen rows (fewer at the end: zeros) of some groups, unpacked.
struct Rows {
    alignas(64) int8_t weights[widest * tile_rows];
    alignas(64) int32_t scales[widest / group_cols][tile_rows];  // the scale in the low half, zero in the high half
};

void unpack(const Matrix& w, uint32_t row, uint32_t groups, uint32_t first, uint32_t count, Rows& to) {
    const uint32_t blocks = w.rows - row > 12 ? 4 : (w.rows - row + 3) / 4;
    const __m512i mask = _mm512_set1_epi8(15), eight = _mm512_set1_epi8(8);
    for (uint32_t g = 0; g < count; g++) {
        __m512i low[4] = {}, high[4] = {};
        __m128i scales[4] = {};
        for (uint32_t b = 0; b < blocks; b++) {
            const size_t unit = size_t(row / 4 + b) * groups + first + g;
            const __m512i v = _mm512_loadu_si512(w.data + unit * 64);
            low[b] = _mm512_sub_epi8(_mm512_and_si512(v, mask), eight);
            high[b] = _mm512_sub_epi8(_mm512_and_si512(_mm512_srli_epi16(v, 4), mask), eight);
            int32_t four;
            __builtin_memcpy(&four, w.group_scales + unit * 4, sizeof four);
            scales[b] = _mm_and_si128(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(four)), _mm_set1_epi32(0xffff));
        }
        store_lines(low, to.weights + size_t(g) * group_bytes);
        store_lines(high, to.weights + size_t(g) * group_bytes + group_bytes / 2);
        for (uint32_t b = 0; b < 4; b++) _mm_store_si128(reinterpret_cast<__m128i*>(to.scales[g] + 4 * b), scales[b]);
    }
}

using Sums = __m512i[tile_tokens];

using Product = int32_t[tile_tokens][tile_rows];  // at most 32 * 8 * 127 = 32512 in magnitude

// Two sets of tiles take groups in turn, so that one product is written while the next is made. (GCC 12 wants the digits themselves.)
[[gnu::always_inline]] inline void make_even(const int8_t* x, size_t stride, const int8_t* weights, Product& product) {
    _tile_zero(0);
    _tile_loadd(1, x, stride);
    _tile_loadd(2, weights, 64);
    _tile_dpbssd(0, 1, 2);
    _tile_stored(0, product, 64);
}
[[gnu::always_inline]] inline void make_odd(const int8_t* x, size_t stride, const int8_t* weights, Product& product) {
    _tile_zero(3);
    _tile_loadd(4, x, stride);
    _tile_loadd(5, weights, 64);
    _tile_dpbssd(3, 4, 5);
    _tile_stored(3, product, 64);
}

[[gnu::always_inline]] inline void add_product(const Product& product, const int32_t* scales, Sums& sums) {
    const __m512i scale = _mm512_load_si512(scales);
    for (uint32_t t = 0; t < tile_tokens; t++) sums[t] = _mm512_dpwssd_epi32(sums[t], _mm512_load_si512(product[t]), scale);
}

// Sixteen tokens times the unpacked groups, on top of what earlier groups gave. The sums lag one product behind.
void multiply(const int8_t* x, size_t stride, const Rows& w, uint32_t groups, Sums& total) {
    alignas(64) Product even, odd;
    Sums sums;
    for (uint32_t t = 0; t < tile_tokens; t++) sums[t] = total[t];
    make_even(x, stride, w.weights, even);
    uint32_t g = 1;
    for (; g + 1 < groups; g += 2) {
        make_odd(x + g * group_cols, stride, w.weights + g * group_bytes, odd);
        add_product(even, w.scales[g - 1], sums);
        make_even(x + (g + 1) * group_cols, stride, w.weights + (g + 1) * group_bytes, even);
        add_product(odd, w.scales[g], sums);
    }
    if (g < groups) make_odd(x + g * group_cols, stride, w.weights + g * group_bytes, odd);
    add_product(even, w.scales[g - 1], sums);
    if (g < groups) add_product(odd, w.scales[g], sums);
    for (uint32_t t = 0; t < tile_tokens; t++) total[t] = sums[t];
}

// Sixteen rows for `tokens` tokens, a multiple of sixteen and at most most_tokens.
constexpr uint32_t most_tokens = 64;
void multiply_rows(const Matrix& w, uint32_t row, const QuantizedTile& x, uint32_t first_token, uint32_t tokens, Rows& rows, float* y) {
    const uint32_t groups = padded_cols(Format::q4, w.cols) / group_cols, most_groups = widest / group_cols;
    Sums sums[most_tokens / tile_tokens];
    for (uint32_t t = 0; t < tokens; t++) sums[t / tile_tokens][t % tile_tokens] = _mm512_setzero_si512();
    for (uint32_t first = 0; first < groups; first += most_groups) {
        const uint32_t count = groups - first < most_groups ? groups - first : most_groups;
        unpack(w, row, groups, first, count, rows);
        for (uint32_t t = 0; t < tokens; t += tile_tokens)
            multiply(x.values + size_t(first_token + t) * x.stride + first * group_cols, x.stride, rows, count, sums[t / tile_tokens]);
    }
    for (uint32_t t = 0; t < tokens; t++)
        store_rows16(sums[t / tile_tokens][t % tile_tokens], w.row_scales + row, x.scales[first_token + t], w.rows - row,
                     y + size_t(first_token + t) * w.rows + row);
}

}  // namespace

void amx_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (is_grouped(x) || count < tile_tokens) return avx512_matmul_q4(w, x, count, y);
    const uint32_t whole = count / tile_tokens * tile_tokens;
    Rows rows;
    TileShapes shapes;
    for (uint32_t set = 0; set <= 3; set += 3) {
        shapes.set(set, tile_tokens, 64);
        shapes.set(set + 1, tile_tokens, group_cols);
        shapes.set(set + 2, group_cols / 4, 64);
    }
    load_shapes(shapes);
    for (uint32_t first = 0; first < whole; first += most_tokens)
        for (uint32_t row = 0; row < w.rows; row += tile_rows)
            multiply_rows(w, row, x, first, whole - first < most_tokens ? whole - first : most_tokens, rows, y);
    _tile_release();
    if (whole < count)
        avx512_matmul_q4(w, QuantizedTile{x.values + size_t(whole) * x.stride, x.scales + whole, nullptr, x.stride}, count - whole,
                         y + size_t(whole) * w.rows);
}

}  // namespace mote
