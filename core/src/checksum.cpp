// checksum: CRC-32 of files, and the digest of logits.
#include "mote/digest.h"
#include "mote/model.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mote {

namespace {

// Four bits a step: 64 bytes of table, 17 instructions a byte on a Cortex-M0.
uint32_t crc_of_bytes(uint32_t crc, const uint8_t* p, size_t bytes) {
    static constexpr uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                           0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                           0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    for (size_t i = 0; i < bytes; i++) {
        crc ^= p[i];
        crc = (crc >> 4) ^ table[crc & 15u];
        crc = (crc >> 4) ^ table[crc & 15u];
    }
    return crc;
}

#if defined(__x86_64__)
constexpr size_t least_to_fold = 64;

__attribute__((target("pclmul,sse4.1"))) inline __m128i fold(__m128i x, __m128i powers, __m128i next) {
    return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, powers, 0x00), _mm_clmulepi64_si128(x, powers, 0x11)), next);
}

// Products of polynomials, 64 bytes a step, for a multiple of 16 bytes. Method and constants: Gopal et al., Fast CRC Computation for
// Generic Polynomials Using PCLMULQDQ Instruction (Intel 2009), for the reflected polynomial.
__attribute__((target("pclmul,sse4.1"))) uint32_t crc_of_lines(uint32_t crc, const uint8_t* p, size_t bytes) {
    const auto load = [&](size_t i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i)); };
    const __m128i by_512 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4), by_128 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
    __m128i a = _mm_xor_si128(load(0), _mm_cvtsi32_si128(int32_t(crc))), b = load(16), c = load(32), d = load(48);
    size_t i = 64;
    for (; i + 64 <= bytes; i += 64) {
        a = fold(a, by_512, load(i));
        b = fold(b, by_512, load(i + 16));
        c = fold(c, by_512, load(i + 32));
        d = fold(d, by_512, load(i + 48));
    }
    a = fold(fold(fold(a, by_128, b), by_128, c), by_128, d);
    for (; i < bytes; i += 16) a = fold(a, by_128, load(i));

    const __m128i low_words = _mm_setr_epi32(-1, 0, -1, 0), by_64 = _mm_set_epi64x(0, 0x163cd6124);
    const __m128i barrett = _mm_set_epi64x(0x1f7011641, 0x1db710641);  // the quotient's factor, and the polynomial
    a = _mm_xor_si128(_mm_srli_si128(a, 8), _mm_clmulepi64_si128(a, by_128, 0x10));
    a = _mm_xor_si128(_mm_srli_si128(a, 4), _mm_clmulepi64_si128(_mm_and_si128(a, low_words), by_64, 0x00));
    __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(a, low_words), barrett, 0x10);
    quotient = _mm_clmulepi64_si128(_mm_and_si128(quotient, low_words), barrett, 0x00);
    return uint32_t(_mm_extract_epi32(_mm_xor_si128(a, quotient), 1));
}
#endif

}  // namespace

uint32_t crc32(uint32_t crc, const void* data, size_t bytes) {
    const uint8_t* p = static_cast<const uint8_t*>(data);
    crc = ~crc;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (bytes >= least_to_fold && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) {
        const size_t lines = bytes & ~size_t(15);
        crc = crc_of_lines(crc, p, lines);
        p += lines;
        bytes -= lines;
    }
#endif
    return ~crc_of_bytes(crc, p, bytes);
}

uint64_t digest(uint64_t digest, Span<const float> logits) {
    for (const float& logit : logits) {
        uint32_t bits;
        __builtin_memcpy(&bits, &logit, sizeof bits);
        for (int byte = 0; byte < 4; byte++, bits >>= 8) digest = (digest ^ (bits & 0xffu)) * 0x100000001b3u;
    }
    return digest;
}

}  // namespace mote
