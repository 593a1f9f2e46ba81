// argmax: each lane keeps the largest of its column and where it stood.
#include <immintrin.h>

#include "../lanes_argmax.h"
#include "avx2.h"

namespace mote {

uint32_t avx2_argmax(const float* x, uint32_t n) {
    constexpr uint32_t lanes = 8;
    if (n < lanes) return ref_argmax(x, n);
    const __m256i size_bits = _mm256_set1_epi32(0x7fffffff), step = _mm256_set1_epi32(lanes);
    __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), at = index, sizes = _mm256_setzero_si256();
    __m256i largest = _mm256_set1_epi32(-int32_t(infinity_bits));
    uint32_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
        const __m256i size = _mm256_and_si256(bits, size_bits), sign = _mm256_srai_epi32(bits, 31);
        const __m256i order = _mm256_sub_epi32(_mm256_xor_si256(size, sign), sign);
        at = _mm256_blendv_epi8(at, index, _mm256_cmpgt_epi32(order, largest));
        largest = _mm256_max_epi32(largest, order);
        sizes = _mm256_max_epi32(sizes, size);
        index = _mm256_add_epi32(index, step);
    }
    if (_mm256_movemask_epi8(_mm256_cmpgt_epi32(sizes, _mm256_set1_epi32(infinity_bits - 1)))) return n;
    alignas(32) uint32_t places[lanes];
    _mm256_store_si256(reinterpret_cast<__m256i*>(places), at);
    return argmax_of_lanes(x, places, lanes, i, n);
}

}  // namespace mote
