// vector: how the loops of the trainer are compiled: once for each instruction set, the best one chosen when the program starts.
// Sums are reordered by `#pragma omp simd`, so that results depend on the instruction set; core's do not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define MOTE_VECTOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MOTE_VECTOR
#endif

namespace mote::tools {

/// e^x with a relative error below 2e-7 for x in [-87, 88]; clamped outside, NaN stays NaN. 2^n e^r with |r| <= ln 2 / 2 and
/// the Taylor polynomial of e^r; n is read from the bits of a float whose last place is 1.
inline float vector_exp(float x) {
    constexpr float round = 12582912.0f;  // 1.5 * 2^23
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    const float shifted = x * 1.44269504f + round;
    const float n = shifted - round;
    const float r = (x - n * 0.693145752f) - n * 1.42860677e-6f;
    float p = 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    uint32_t bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    bits = (bits - 0x4b400000u + 127u) << 23;
    float power;
    std::memcpy(&power, &bits, sizeof power);
    return p * power;
}

inline float sigmoid(float x) { return 1.0f / (1.0f + vector_exp(-x)); }

}  // namespace mote::tools
