// dotprod: what this row improves over NEON. Needs the dot product instructions of Armv8.2-A (SDOT), AArch64.
#pragma once

#include "../kernels.h"

namespace mote {

void dotprod_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void dotprod_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void dotprod_attend_q8(const Attention& a, const float* q, float* out);
void dotprod_attend_two_q8(const Attention& a, const float* q, float* out);

}  // namespace mote
