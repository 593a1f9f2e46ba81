// lanes: what the files of this row share: the first lanes of a register, and the upper halves of products.
#pragma once

#include <immintrin.h>
#include <stdint.h>

namespace mote {

constexpr uint32_t lanes = 16;

/// The first n lanes, of 16 or of 64; n may be more.
static inline __mmask16 first_lanes(uint32_t n) { return n >= 16 ? __mmask16(0xffff) : __mmask16((1u << n) - 1); }
static inline __mmask64 first_bytes(uint32_t n) { return n >= 64 ? ~uint64_t(0) : (uint64_t(1) << n) - 1; }

static inline __m512i set1(int32_t x) { return _mm512_set1_epi32(x); }

/// The upper halves of 64-bit products, those of even lanes in `even` and those of odd lanes in `odd`, where their factors stood.
static inline __m512i merge_upper(__m512i even, __m512i odd) { return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB); }

/// The sum of n values; none behind them is read.
static inline int32_t sum_of_int8(const int8_t* x, uint32_t n) {
    const __m512i ones = _mm512_set1_epi8(1);
    __m512i sum = _mm512_setzero_si512();
    uint32_t i = 0;
    for (; i + 64 <= n; i += 64) sum = _mm512_dpbusd_epi32(sum, ones, _mm512_loadu_si512(x + i));
    if (i < n) sum = _mm512_dpbusd_epi32(sum, ones, _mm512_maskz_loadu_epi8(first_bytes(n - i), x + i));
    return _mm512_reduce_add_epi32(sum);
}

}  // namespace mote
