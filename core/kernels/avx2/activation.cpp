// activation: SiLU and GELU (tanh) by eight elements; the exponential is the integer one of arithmetic.cpp, lane by lane.
#include <immintrin.h>

#include "../arithmetic.h"
#include "../ref/ref.h"
#include "avx2.h"

namespace mote {
namespace {

// The upper halves of unsigned 32-bit products.
__m256i multiply_high8(__m256i a, __m256i b) {
    const __m256i even = _mm256_srli_epi64(_mm256_mul_epu32(a, b), 32);
    const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32));
    return _mm256_blend_epi32(even, odd, 0xaa);
}

__m256i exp2_fraction8(__m256i f) {
    const auto step = [&](int32_t c, __m256i p) { return _mm256_add_epi32(_mm256_set1_epi32(c), multiply_high8(p, f)); };
    __m256i p = step(0x024ef0aa, _mm256_set1_epi32(0x007a5d3f));
    p = step(0x0e48e732, p);
    p = step(0x3d7b6adb, p);
    p = step(int32_t(0xb1725d47), p);
    return _mm256_add_epi32(_mm256_set1_epi32(int32_t(0x80000000)), _mm256_srli_epi32(multiply_high8(p, f), 1));
}

__m256 exponential8(__m256 x) {
    // log2 of the result times 2^54, of which bits 22 .. 53 are the fraction and the rest the exponent.
    const __m256i fixed = _mm256_cvttps_epi32(_mm256_mul_ps(x, _mm256_set1_ps(16777216.0f))), log2e = _mm256_set1_epi32(1549082005);
    const __m256i even = _mm256_mul_epi32(fixed, log2e), odd = _mm256_mul_epi32(_mm256_srli_epi64(fixed, 32), log2e);
    const __m256i fraction = _mm256_blend_epi32(_mm256_srli_epi64(even, 22), _mm256_slli_epi64(odd, 10), 0xaa);
    const __m256i upper = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    const __m256i exponent = _mm256_add_epi32(_mm256_srai_epi32(upper, 22), _mm256_set1_epi32(126));
    const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(_mm256_srli_epi32(exp2_fraction8(fraction), 7), _mm256_set1_epi32(1)), 1);
    __m256 y = _mm256_castsi256_ps(_mm256_add_epi32(rounded, _mm256_slli_epi32(exponent, 23)));
    y = _mm256_and_ps(y, _mm256_cmp_ps(x, _mm256_set1_ps(-87.0f), _CMP_NLT_UQ));  // 0 below -87
    y = _mm256_blendv_ps(y, _mm256_castsi256_ps(_mm256_set1_epi32(int32_t(infinity_bits))), _mm256_cmp_ps(x, _mm256_set1_ps(88.72f), _CMP_GT_OQ));
    return _mm256_blendv_ps(y, x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

__m256 sigmoid8(__m256 x) {
    const __m256 one = _mm256_set1_ps(1.0f), minus = _mm256_xor_ps(x, _mm256_set1_ps(-0.0f));
    return _mm256_div_ps(one, _mm256_add_ps(one, exponential8(minus)));
}

__m256 silu8(__m256 x) { return _mm256_mul_ps(x, sigmoid8(x)); }

__m256 gelu_tanh8(__m256 x) {
    const __m256 cube = _mm256_mul_ps(_mm256_mul_ps(x, x), x);
    const __m256 inner = _mm256_add_ps(x, _mm256_mul_ps(_mm256_set1_ps(0.044715f), cube));
    return _mm256_mul_ps(x, sigmoid8(_mm256_mul_ps(_mm256_set1_ps(1.59576912f), inner)));
}

constexpr uint32_t lanes = 8;

template <class F>
void each8(float* x, uint32_t n, F f) {
    for (uint32_t i = 0; i + lanes <= n; i += lanes) _mm256_storeu_ps(x + i, f(_mm256_loadu_ps(x + i)));
}

}  // namespace

void avx2_activate(Activation activation, float* x, uint32_t n) {
    const uint32_t whole = n / lanes * lanes;
    switch (activation) {
        case Activation::silu: each8(x, n, silu8); break;
        case Activation::gelu_tanh: each8(x, n, gelu_tanh8); break;
        case Activation::gelu_erf:
        case Activation::relu: return ref_activate(activation, x, n);
    }
    ref_activate(activation, x + whole, n - whole);
}

void avx2_gate(Activation activation, float* gate, const float* up, uint32_t n) {
    avx2_activate(activation, gate, n);
    uint32_t i = 0;
    for (; i + lanes <= n; i += lanes) _mm256_storeu_ps(gate + i, _mm256_mul_ps(_mm256_loadu_ps(gate + i), _mm256_loadu_ps(up + i)));
    for (; i < n; i++) gate[i] = gate[i] * up[i];
}

}  // namespace mote
