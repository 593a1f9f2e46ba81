// thumb: what this row improves, one file a topic: one 32-bit multiplication does two products, and floats are integers (soft.h). For
// cores without DSP and FPU (M0, M3).
#pragma once

#include "../kernels.h"

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && !defined(__ARM_FEATURE_DSP)
#define MOTE_HAS_THUMB 1
#endif

namespace mote {

void thumb_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void thumb_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void thumb_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token);
void thumb_attend_q8(const Attention& a, const float* q, float* out);
void thumb_gate(Activation activation, float* gate, const float* up, uint32_t n);
void thumb_activate(Activation activation, float* x, uint32_t n);

/// attend_q8's step from scores, in front of a.scratch, to weights in the same place; returns the sum of probabilities. For measuring.
uint32_t thumb_softmax(const Attention& a, int32_t largest_score, int32_t largest_exponent);

}  // namespace mote
