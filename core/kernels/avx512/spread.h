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

}  // namespace mote
