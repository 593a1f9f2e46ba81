// avx2: what this row improves, one file a topic. Needs AVX2 and F16C.
#pragma once

#include "../kernels.h"

namespace mote {

void avx2_matmul_f32(const Matrix& w, const float* x, uint32_t count, float* y);
void avx2_matmul_f16(const Matrix& w, const float* x, uint32_t count, float* y);
void avx2_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void avx2_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void avx2_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token);
void avx2_rms_norm(const float* x, const float* w, uint32_t n, float eps, float* y);
void avx2_gate(Activation activation, float* gate, const float* up, uint32_t n);
void avx2_activate(Activation activation, float* x, uint32_t n);
void avx2_rope(RopePairing pairing, float* head, const float* cos_sin, uint32_t pairs);
void avx2_add(float* y, const float* x, uint32_t n);
uint32_t avx2_argmax(const float* x, uint32_t n);
void avx2_attend_q8(const Attention& a, const float* q, float* out);

}  // namespace mote
