// vector: functions for the loops of the trainer. Sums are reordered by `#pragma omp simd`, so that results depend on the
// instruction set; core's do not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/vector.h"

// A part of such a function, compiled with it for each instruction set.
#define MOTE_INLINE inline __attribute__((always_inline))

namespace mote::tools {

/// e^x with a relative error below 3e-7 for x in [-87, 87]; beyond it as at the end of the range; NaN of NaN and infinities.
/// 2^n e^r with |r| <= ln 2 / 2 and the Taylor polynomial of e^r; n is read from the bits of a float whose last place is 1.
/// The clamp works on bits, as GCC 12 splits the loop's lanes by a comparison of floats and takes 15 times as long.
inline float vector_exp(float x) {
    constexpr float round = 12582912.0f;        // 1.5 * 2^23
    constexpr uint32_t round_bits = 0x4b400000, eighty_seven = 0x42ae0000, sign = 0x80000000;
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    bits = (bits & sign) | std::min(bits & ~sign, eighty_seven);
    float clamped;
    std::memcpy(&clamped, &bits, sizeof clamped);
    const float shifted = clamped * 1.44269504f + round;
    const float n = shifted - round;
    const float r = (clamped - n * 0.693145752f) - n * 1.42860677e-6f;
    float p = 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    std::memcpy(&bits, &shifted, sizeof bits);
    bits = (bits - round_bits + 127u) << 23;
    float power;
    std::memcpy(&power, &bits, sizeof power);
    return p * power + (x - x);
}

inline float sigmoid(float x) { return 1.0f / (1.0f + vector_exp(-x)); }

}  // namespace mote::tools
