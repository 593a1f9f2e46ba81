// mve: what this row improves, one file a topic. Needs Helium's integer instructions (M55, M85). Vector floats flush denormals,
// so floats are scalar where that could be seen.
#pragma once

#include "../kernels.h"

#if defined(__ARM_FEATURE_MVE) && __ARM_ARCH_PROFILE == 'M'
#define MOTE_HAS_MVE 1
#endif

namespace mote {

void mve_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void mve_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void mve_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token);
void mve_attend_q8(const Attention& a, const float* q, float* out);
void mve_attend_two_q8(const Attention& a, const float* q, float* out);
void mve_gate(Activation activation, float* gate, const float* up, uint32_t n);
void mve_activate(Activation activation, float* x, uint32_t n);

/// attend_q8's step from scores, in front of a.scratch, to weights in the same place; returns the sum of probabilities. For measuring.
uint32_t mve_softmax(const Attention& a, int32_t largest_score, int32_t largest_exponent);

}  // namespace mote
