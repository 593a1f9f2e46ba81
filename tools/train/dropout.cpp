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

// The factor of element i.
struct Mask {
    uint32_t low, high, threshold;
    float kept;

    Mask(float rate, uint64_t seed)
        : low(uint32_t(seed)),
          high(uint32_t(seed >> 32)),
          threshold(uint32_t(double(rate) * 4294967296.0)),
          kept(1.0f / (1.0f - rate)) {}
    float at(size_t i) const { return mix(mix(uint32_t(i) ^ low) + high) < threshold ? 0.0f : kept; }
};

}  // namespace

MOTE_VECTOR void dropout(float* x, float rate, uint64_t seed, size_t n) {
    if (rate == 0) return;
    const Mask mask(rate, seed);
#pragma omp simd
    for (size_t i = 0; i < n; i++) x[i] *= mask.at(i);
}

MOTE_VECTOR void add_dropped(float* y, const float* residual, float rate, uint64_t seed, size_t n) {
    const Mask mask(rate, seed);
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] = residual[i] + y[i] * mask.at(i);
}

}  // namespace mote::tools
