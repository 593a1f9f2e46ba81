// store: how a row of four sums becomes floats, the same in every x86 row.
#pragma once

#include <immintrin.h>
#include <stdint.h>

namespace mote {

/// y = (float(sum) * row scale) * x scale for four rows, of which `rows` (1 and more) are written.
static inline void store_rows(__m128i sums, const uint16_t* row_scales, float x_scale, uint32_t rows, float* y) {
    const __m128i scales = _mm_slli_epi32(_mm_cvtepu16_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(row_scales))), 16);
    const __m128 r = _mm_mul_ps(_mm_mul_ps(_mm_cvtepi32_ps(sums), _mm_castsi128_ps(scales)), _mm_set1_ps(x_scale));
    if (rows >= 4) return _mm_storeu_ps(y, r);
    alignas(16) float out[4];
    _mm_store_ps(out, r);
    for (uint32_t i = 0; i < rows; i++) y[i] = out[i];
}

/// The sums of four rows from their partial sums in both halves.
static inline __m128i add_halves(__m256i v) { return _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)); }

constexpr uint32_t most_blocks = 4;  // blocks of four rows that share one spreading of the activations

}  // namespace mote
