// matmul_q8: sixteen tokens are the rows of one tile, 64 columns of a block of four rows the other, as they lie in the file: a line
// of 16 bytes is four columns of four rows, which is how TDPBSSD takes its second operand. Sums are integers modulo 2^32, as in ref.
#include <immintrin.h>

#include "../avx512/avx512.h"
#include "amx.h"
#include "shapes.h"

namespace mote {
namespace {

constexpr uint32_t tile_tokens = 16, tile_cols = 64;

// Sums of two blocks and two groups of tokens: 0 to 3. Activations and weights of 64 columns: 4, 6; of the columns that are left: 5, 7.
TileShapes shapes_for(uint32_t cols_left) {
    TileShapes shapes;
    for (uint32_t sum = 0; sum < 4; sum++) shapes.set(sum, tile_tokens, 16);
    shapes.set(4, tile_tokens, tile_cols);
    shapes.set(6, tile_cols / 4, 16);
    if (cols_left == 0) return shapes;
    shapes.set(5, tile_tokens, cols_left);
    shapes.set(7, cols_left / 4, 16);
    return shapes;
}

struct Operands {
    const int8_t* w;      // a block of four rows
    size_t block_bytes;
    const int8_t* x;      // the first token
    size_t stride;
    uint32_t cols;
};

// One block and one group of tokens more than none; what they share is loaded once.
template <bool two_groups, bool two_blocks>
void multiply(const Operands& o, int32_t sums[4][tile_tokens][4]) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    const int8_t *w0 = o.w, *w1 = o.w + o.block_bytes, *x0 = o.x, *x1 = o.x + tile_tokens * o.stride;
    uint32_t i = 0;
    for (; i + tile_cols <= o.cols; i += tile_cols) {
        _tile_loadd(4, x0 + i, o.stride);
        _tile_loadd(6, w0 + size_t(i) * 4, 16);
        _tile_dpbssd(0, 4, 6);
        if (two_blocks) {
            _tile_loadd(6, w1 + size_t(i) * 4, 16);
            _tile_dpbssd(1, 4, 6);
        }
        if (!two_groups) continue;
        _tile_loadd(4, x1 + i, o.stride);
        if (two_blocks) {
            _tile_dpbssd(3, 4, 6);
            _tile_loadd(6, w0 + size_t(i) * 4, 16);
        }
        _tile_dpbssd(2, 4, 6);
    }
    if (i < o.cols) {
        _tile_loadd(5, x0 + i, o.stride);
        _tile_loadd(7, w0 + size_t(i) * 4, 16);
        _tile_dpbssd(0, 5, 7);
        if (two_groups) {
            _tile_loadd(5, x1 + i, o.stride);
            _tile_dpbssd(2, 5, 7);
        }
        if (two_blocks) {
            _tile_loadd(7, w1 + size_t(i) * 4, 16);
            if (two_groups) _tile_dpbssd(3, 5, 7);
            _tile_loadd(5, x0 + i, o.stride);
            _tile_dpbssd(1, 5, 7);
        }
    }
    _tile_stored(0, sums[0], 16);
    if (two_blocks) _tile_stored(1, sums[1], 16);
    if (two_groups) _tile_stored(2, sums[2], 16);
    if (two_groups && two_blocks) _tile_stored(3, sums[3], 16);
}

// y = (float(sum) * row scale) * x scale for a block's rows and sixteen tokens.
void store_block(const int32_t sums[tile_tokens][4], const uint16_t* row_scales, const float* x_scales, uint32_t rows, float* y, size_t y_stride) {
    const __m128i bf16 = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row_scales));
    const __m128 scales = _mm_castsi128_ps(_mm_slli_epi32(_mm_cvtepu16_epi32(bf16), 16));
    const __mmask8 written = rows >= 4 ? __mmask8(15) : __mmask8((1u << rows) - 1);
    for (uint32_t t = 0; t < tile_tokens; t++) {
        const __m128 sum = _mm_cvtepi32_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(sums[t])));
        _mm_mask_storeu_ps(y + t * y_stride, written, _mm_mul_ps(_mm_mul_ps(sum, scales), _mm_set1_ps(x_scales[t])));
    }
}

// 16 or 32 tokens, from `first` on.
template <bool two_groups>
void multiply_tokens(const Matrix& w, const QuantizedTile& x, uint32_t first, float* y) {
    const uint32_t cols = padded_cols(Format::q8, w.cols);
    Operands o{reinterpret_cast<const int8_t*>(w.data), size_t(cols) * 4, x.values + size_t(first) * x.stride, x.stride, cols};
    alignas(64) int32_t sums[4][tile_tokens][4];
    for (uint32_t row = 0; row < w.rows; row += 8, o.w += 2 * o.block_bytes) {
        const bool two_blocks = row + 4 < w.rows;
        if (two_blocks) multiply<two_groups, true>(o, sums);
        else multiply<two_groups, false>(o, sums);
        for (uint32_t group = 0; group < (two_groups ? 2 : 1); group++)
            for (uint32_t block = 0; block < (two_blocks ? 2 : 1); block++) {
                const uint32_t token = first + group * tile_tokens, at = row + 4 * block;
                store_block(sums[2 * group + block], w.row_scales + at, x.scales + token, w.rows - at, y + size_t(token) * w.rows + at, w.rows);
            }
    }
}

}  // namespace

void amx_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y) {
    if (x.exponents || count < tile_tokens) return avx512_matmul_q8(w, x, count, y);
    load_shapes(shapes_for(padded_cols(Format::q8, w.cols) % tile_cols));
    uint32_t done = 0;
    for (; done + 2 * tile_tokens <= count; done += 2 * tile_tokens) multiply_tokens<true>(w, x, done, y);
    for (; done + tile_tokens <= count; done += tile_tokens) multiply_tokens<false>(w, x, done, y);
    _tile_release();
    if (done < count)
        avx512_matmul_q8(w, QuantizedTile{x.values + size_t(done) * x.stride, x.scales + done, nullptr, x.stride}, count - done, y + size_t(done) * w.rows);
}

}  // namespace mote
