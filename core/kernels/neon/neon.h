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

}  // namespace mote
