// neon: what this row improves, one file a topic. Needs AArch64, or Armv7-A with NEON.
#pragma once

#include "../kernels.h"

#if defined(__ARM_NEON)
#define MOTE_HAS_NEON 1
#endif

namespace mote {

void neon_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void neon_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void neon_attend_q8(const Attention& a, const float* q, float* out);
void neon_attend_two_q8(const Attention& a, const float* q, float* out);
void neon_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token);
void neon_gate(Activation activation, float* gate, const float* up, uint32_t n);
void neon_activate(Activation activation, float* x, uint32_t n);
uint32_t neon_argmax(const float* x, uint32_t n);

// AArch64 only: the NEON of Armv7-A flushes denormals.
void neon_matmul_f32(const Matrix& w, const float* x, uint32_t count, float* y);
void neon_matmul_f16(const Matrix& w, const float* x, uint32_t count, float* y);
void neon_rms_norm(const float* x, const float* w, uint32_t n, float eps, float* y);
void neon_layer_norm(const float* x, const float* w, const float* bias, uint32_t n, float eps, float* y);
void neon_rope(RopePairing pairing, float* head, const float* cos_sin, uint32_t pairs);
void neon_add(float* y, const float* x, uint32_t n);

/// attend_q8's step from scores, in front of a.scratch, to weights in the same place; returns the sum of probabilities. For measuring.
uint32_t neon_softmax(const Attention& a, int32_t largest_score, int32_t largest_exponent);

}  // namespace mote
