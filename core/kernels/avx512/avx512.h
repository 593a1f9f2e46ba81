// avx512: what this row improves over AVX2. Needs AVX-512 BW and VNNI.
#pragma once

#include "../kernels.h"

namespace mote {

void avx512_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void avx512_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void avx512_attend_q8(const Attention& a, const float* q, float* out);

}  // namespace mote
