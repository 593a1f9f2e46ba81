// vector: quantization of activations, sixteen elements at a time.
#include <immintrin.h>

#include "../arithmetic.h"
#include "../ref/ref.h"
#include "avx512.h"
#include "lanes.h"

namespace mote {

void avx512_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token) {
    const auto load = [&](uint32_t i) { return _mm512_maskz_loadu_epi32(first_lanes(cols - i), x + i); };
    __m512i most = _mm512_setzero_si512();
    for (uint32_t i = 0; i < cols; i += lanes) most = _mm512_max_epi32(most, _mm512_and_si512(load(i), set1(0x7fffffff)));
    const uint32_t largest = uint32_t(_mm512_reduce_max_epi32(most));
    if (to.exponents || largest >= infinity_bits || largest < smallest_magnitude) return ref_quantize_row(x, cols, to, token);
    int8_t* q = to.values + size_t(token) * to.stride;
    to.scales[token] = float_of(largest) / 127.0f;
    // |x * inverse| <= 127.0001, so adding 1.5 * 2^23 leaves the integer, rounded to nearest even, in the low byte.
    const __m512 inverse = _mm512_set1_ps(127.0f / float_of(largest)), magic = _mm512_set1_ps(12582912.0f);
    for (uint32_t i = 0; i < cols; i += lanes) {
        const __m512i bits = _mm512_castps_si512(_mm512_add_ps(_mm512_mul_ps(_mm512_castsi512_ps(load(i)), inverse), magic));
        _mm512_mask_cvtepi32_storeu_epi8(q + i, first_lanes(cols - i), bits);
    }
    if (cols < to.stride) __builtin_memset(q + cols, 0, to.stride - cols);
}

}  // namespace mote
