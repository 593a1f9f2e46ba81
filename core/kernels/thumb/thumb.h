// thumb: what this row improves, one file a topic: one 32-bit multiplication does two products. For cores without DSP (M0, M3).
#pragma once

#include "../kernels.h"

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && !defined(__ARM_FEATURE_DSP)
#define MOTE_HAS_THUMB 1
#endif

namespace mote {

void thumb_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void thumb_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);

}  // namespace mote
