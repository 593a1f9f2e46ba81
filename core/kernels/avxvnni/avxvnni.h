// avxvnni: what this row improves over AVX2. Needs AVX-VNNI, the 256-bit form of VPDPBUSD and VPDPWSSD that CPUs without AVX-512
// have.
#pragma once

#include "../kernels.h"

namespace mote {

void avxvnni_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void avxvnni_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);

}  // namespace mote
