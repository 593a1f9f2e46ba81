// i8mm: what this row improves over dotprod: tiles of eight tokens and more. Needs the int8 matrix instructions (SMMLA), AArch64.
#pragma once

#include "../kernels.h"

namespace mote {

void i8mm_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void i8mm_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);

}  // namespace mote
