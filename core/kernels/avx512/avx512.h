// avx512: what this row improves over AVX2. Needs AVX-512 BW and VNNI.
#pragma once

#include "../kernels.h"

namespace mote {

void avx512_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void avx512_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void avx512_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token);
void avx512_attend_q8(const Attention& a, const float* q, float* out);
void avx512_attend_two_q8(const Attention& a, const float* q, float* out);
void avx512_gate(Activation activation, float* gate, const float* up, uint32_t n);
void avx512_activate(Activation activation, float* x, uint32_t n);

}  // namespace mote
