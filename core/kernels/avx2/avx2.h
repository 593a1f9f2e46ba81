// avx2: what this row improves, one file a topic. Needs AVX2 and F16C.
#pragma once

#include "../kernels.h"

namespace mote {

void avx2_matmul_f32(const Matrix& w, const float* x, uint32_t count, float* y);
void avx2_matmul_f16(const Matrix& w, const float* x, uint32_t count, float* y);
void avx2_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void avx2_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void avx2_attend_q8(const Attention& a, const float* q, float* out);

}  // namespace mote
