// activation: SiLU and GELU (tanh) by sixteen elements; the exponential is the integer one of arithmetic.h, lane by lane.
#include <immintrin.h>

#include "../arithmetic.h"
#include "../ref/ref.h"
#include "avx512.h"
#include "lanes.h"

namespace mote {
namespace {

__m512i exp2_fraction16(__m512i f) {
    const __m512i f_odd = _mm512_srli_epi64(f, 32);
    const auto high = [&](__m512i p) {
        return merge_upper(_mm512_mul_epu32(p, f), _mm512_mul_epu32(_mm512_srli_epi64(p, 32), f_odd));
    };
    __m512i p = _mm512_add_epi32(set1(0x024ef0aa), high(set1(0x007a5d3f)));
    p = _mm512_add_epi32(set1(0x0e48e732), high(p));
    p = _mm512_add_epi32(set1(0x3d7b6adb), high(p));
    p = _mm512_add_epi32(set1(int32_t(0xb1725d47)), high(p));
    return _mm512_add_epi32(set1(int32_t(0x80000000)), _mm512_srli_epi32(high(p), 1));
}

// (Inlined always: its constants then stay in registers from one call to the next.)
[[gnu::always_inline]] inline __m512 exponential16(__m512 x) {
    // log2 of the result times 2^54, of which bits 22 .. 53 are the fraction and the rest the exponent.
    const __m512i fixed = _mm512_cvttps_epi32(_mm512_mul_ps(x, _mm512_set1_ps(16777216.0f))), log2e = set1(1549082005);
    const __m512i even = _mm512_mul_epi32(fixed, log2e), odd = _mm512_mul_epi32(_mm512_srli_epi64(fixed, 32), log2e);
    const __m512i fraction = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 22), _mm512_slli_epi64(odd, 10));
    const __m512i exponent = _mm512_add_epi32(_mm512_srai_epi32(merge_upper(even, odd), 22), set1(126));
    const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(_mm512_srli_epi32(exp2_fraction16(fraction), 7), set1(1)), 1);
    const __m512 y = _mm512_castsi512_ps(_mm512_add_epi32(rounded, _mm512_slli_epi32(exponent, 23)));
    const __m512 infinity = _mm512_castsi512_ps(set1(int32_t(infinity_bits)));
    const __m512 bounded =
        _mm512_mask_mov_ps(_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_set1_ps(-87.0f), _CMP_NLT_UQ), y),  // 0 below -87
                           _mm512_cmp_ps_mask(x, _mm512_set1_ps(88.72f), _CMP_GT_OQ), infinity);
    return _mm512_mask_mov_ps(bounded, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x);
}

__m512 sigmoid16(__m512 x) {
    const __m512 one = _mm512_set1_ps(1.0f),
                 minus = _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(x), set1(int32_t(0x80000000))));
    return _mm512_div_ps(one, _mm512_add_ps(one, exponential16(minus)));
}

__m512 silu16(__m512 x) { return _mm512_mul_ps(x, sigmoid16(x)); }

__m512 gelu_tanh16(__m512 x) {
    const __m512 cube = _mm512_mul_ps(_mm512_mul_ps(x, x), x);
    const __m512 inner = _mm512_add_ps(x, _mm512_mul_ps(_mm512_set1_ps(0.044715f), cube));
    return _mm512_mul_ps(x, sigmoid16(_mm512_mul_ps(_mm512_set1_ps(1.59576912f), inner)));
}

// x = f(x) * up; up may be nullptr.
template <class F>
void each16(float* x, const float* up, uint32_t n, F f) {
    for (uint32_t i = 0; i < n; i += lanes) {
        const __mmask16 active = first_lanes(n - i);
        __m512 y = f(_mm512_maskz_loadu_ps(active, x + i));
        if (up) y = _mm512_mul_ps(y, _mm512_maskz_loadu_ps(active, up + i));
        _mm512_mask_storeu_ps(x + i, active, y);
    }
}

}  // namespace

void avx512_activate(Activation activation, float* x, uint32_t n) {
    if (activation == Activation::silu)
        each16(x, nullptr, n, silu16);
    else if (activation == Activation::gelu_tanh)
        each16(x, nullptr, n, gelu_tanh16);
    else
        ref_activate(activation, x, n);
}

void avx512_gate(Activation activation, float* gate, const float* up, uint32_t n) {
    if (activation == Activation::silu)
        each16(gate, up, n, silu16);
    else if (activation == Activation::gelu_tanh)
        each16(gate, up, n, gelu_tanh16);
    else
        ref_gate(activation, gate, up, n);
}

}  // namespace mote
