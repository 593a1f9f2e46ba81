// spread: sixteen activations over four rows, and four partial sums of four rows into one.
#pragma once

#include <immintrin.h>
#include <stdint.h>

namespace mote {

/// The chunk k of 16 activations in all four rows' places of 128-bit lane k.
static inline __m512i spread16(const int8_t* x) {
    const __m512i place = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    return _mm512_permutexvar_epi32(place, _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x))));
}

static inline __m128i add_quarters(__m512i v) {
    const __m256i halves = _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
}

/// The sums of 16 rows, in order, from the partial sums of four blocks.
static inline __m512i add_quarters16(const __m512i block[4]) {
    const auto halves = [](__m512i a, __m512i b) {
        return _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xee));
    };
    const __m512i low = halves(block[0], block[1]), high = halves(block[2], block[3]);
    return _mm512_add_epi32(_mm512_shuffle_i32x4(low, high, 0x88), _mm512_shuffle_i32x4(low, high, 0xdd));
}

/// y = (float(sum) * row scale) * x scale for 16 rows, of which `rows` (1 and more) are there.
static inline void store_rows16(__m512i sums, const uint16_t* row_scales, float x_scale, uint32_t rows, float* y) {
    const __mmask16 there = rows >= 16 ? __mmask16(0xffff) : __mmask16((1u << rows) - 1);
    const __m512i bf16 = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(_mm512_maskz_loadu_epi16(there, row_scales)));
    const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_castsi512_ps(_mm512_slli_epi32(bf16, 16)));
    _mm512_mask_storeu_ps(y, there, _mm512_mul_ps(scaled, _mm512_set1_ps(x_scale)));
}

/// Where the weights of one vector's product are asked for, in bytes before they are needed: memory answers one core's loads alone
/// too late to keep it busy. (Inlined always: GCC takes a function that only prefetches for one without effects, and drops its
/// calls.)
constexpr size_t prefetch_bytes = 8192;
[[gnu::always_inline]] static inline void prefetch_ahead(const void* w) {
    _mm_prefetch(static_cast<const char*>(w) + prefetch_bytes, _MM_HINT_T1);
}

/// Columns of a vector that is spread over four rows before it meets its matrix; wider ones are spread again for each block.
constexpr uint32_t widest_spread = 4096;

}  // namespace mote
