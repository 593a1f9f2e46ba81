// crc32: 64 bytes a step by products of polynomials. Method and constants: Gopal et al., Fast CRC Computation for Generic Polynomials
// Using PCLMULQDQ Instruction (Intel 2009), for the reflected polynomial.
#include <immintrin.h>

#include "../kernels.h"

namespace mote {
namespace {

__m128i fold(__m128i x, __m128i powers, __m128i next) {
    return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, powers, 0x00), _mm_clmulepi64_si128(x, powers, 0x11)), next);
}

// The remainder of 128 bits: to 96, to 64, and by Barrett's quotient to 32.
uint32_t remainder_of(__m128i x, __m128i by_128) {
    const __m128i low_words = _mm_setr_epi32(-1, 0, -1, 0), by_64 = _mm_set_epi64x(0, 0x163cd6124);
    const __m128i barrett = _mm_set_epi64x(0x1f7011641, 0x1db710641);  // the quotient's factor, and the polynomial
    x = _mm_xor_si128(_mm_srli_si128(x, 8), _mm_clmulepi64_si128(x, by_128, 0x10));
    x = _mm_xor_si128(_mm_srli_si128(x, 4), _mm_clmulepi64_si128(_mm_and_si128(x, low_words), by_64, 0x00));
    const __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(x, low_words), barrett, 0x10);
    const __m128i product = _mm_clmulepi64_si128(_mm_and_si128(quotient, low_words), barrett, 0x00);
    return uint32_t(_mm_extract_epi32(_mm_xor_si128(x, product), 1));
}

}  // namespace

uint32_t pclmul_crc32(uint32_t remainder, const uint8_t* p, size_t bytes) {
    const auto load = [&](size_t i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i)); };
    const __m128i by_512 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4), by_128 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
    __m128i a = _mm_xor_si128(load(0), _mm_cvtsi32_si128(int32_t(remainder))), b = load(16), c = load(32), d = load(48);
    size_t i = 64;
    for (; i + 64 <= bytes; i += 64) {
        a = fold(a, by_512, load(i));
        b = fold(b, by_512, load(i + 16));
        c = fold(c, by_512, load(i + 32));
        d = fold(d, by_512, load(i + 48));
    }
    a = fold(fold(fold(a, by_128, b), by_128, c), by_128, d);
    for (; i < bytes; i += 16) a = fold(a, by_128, load(i));
    return remainder_of(a, by_128);
}

}  // namespace mote
