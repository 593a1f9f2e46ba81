// activation: SiLU without calls and with one comparison an element, on cores with an FPU; the rest is ref's.
#include "dsp.h"

#if defined(MOTE_HAS_DSP)

#include "../arithmetic.h"
#include "../ref/ref.h"

namespace mote {
namespace {

// exponential(-x) of arithmetic.cpp for |x| < 64, where none of its refusals is met.
[[gnu::always_inline]] inline float exponential_of_minus(float x) {
    const int64_t log2 = int64_t(int32_t(x * -16777216.0f)) * 1549082005;  // of the result, times 2^54
    const uint32_t mantissa = exp2_fraction(uint32_t(uint64_t(log2) >> 22));
    return float_of((((mantissa >> 7) + 1) >> 1) + (uint32_t(int32_t(log2 >> 54) + 126) << 23));
}

[[gnu::always_inline]] inline float silu_of(float x) {
    if (bits_of(x) << 1 >= 0x42800000u << 1) return silu(x);  // 64 and more
    return x * (1.0f / (1.0f + exponential_of_minus(x)));
}

}  // namespace

void dsp_activate(Activation activation, float* x, uint32_t n) {
    if (activation != Activation::silu) return ref_activate(activation, x, n);
    for (float* const end = x + n; x < end; x++) *x = silu_of(*x);
}

void dsp_gate(Activation activation, float* gate, const float* up, uint32_t n) {
    if (activation != Activation::silu) return ref_gate(activation, gate, up, n);
    for (float* const end = gate + n; gate < end; gate++) *gate = silu_of(*gate) * *up++;
}

}  // namespace mote

#endif
