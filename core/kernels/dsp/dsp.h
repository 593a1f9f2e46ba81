// dsp: what this row improves, one file a topic. Needs the DSP extension of Armv7E-M or Armv8-M Mainline (M4, M7, M33).
#pragma once

#include "../kernels.h"

// Armv7-A has the instructions too, but NEON beside them; Helium's row takes their place where there is Helium.
#if defined(__ARM_FEATURE_DSP) && __ARM_ARCH_PROFILE == 'M' && !defined(__ARM_FEATURE_MVE)
#define MOTE_HAS_DSP 1
#endif

namespace mote {

void dsp_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void dsp_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void dsp_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token);
void dsp_attend_q8(const Attention& a, const float* q, float* out);
void dsp_gate(Activation activation, float* gate, const float* up, uint32_t n);
void dsp_activate(Activation activation, float* x, uint32_t n);
void dsp_attend_two_q8(const Attention& a, const float* q, float* out);

/// attend_q8's step from scores, in front of a.scratch, to weights in the same place; returns the sum of probabilities. For measuring.
uint32_t dsp_softmax(const Attention& a, int32_t largest_score, int32_t largest_exponent);

}  // namespace mote
