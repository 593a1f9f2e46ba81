// dropout: 32 bits of hash an element.
#include "train/dropout.h"

#include "train/vector.h"

namespace mote::tools {
namespace {

// The 32-bit mixer "lowbias32" of Chris Wellons' hash prospector.
inline uint32_t mix(uint32_t x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

}  // namespace

MOTE_VECTOR void dropout(float* x, float rate, uint64_t seed, size_t n) {
    if (rate == 0) return;
    const uint32_t low = uint32_t(seed), high = uint32_t(seed >> 32), threshold = uint32_t(double(rate) * 4294967296.0);
    const float kept = 1.0f / (1.0f - rate);
#pragma omp simd
    for (size_t i = 0; i < n; i++) x[i] *= mix(mix(uint32_t(i) ^ low) + high) < threshold ? 0.0f : kept;
}

}  // namespace mote::tools
