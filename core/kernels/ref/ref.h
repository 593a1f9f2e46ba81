// ref: the operations of the plain C++ row, one file a topic.
#pragma once

#include "../kernels.h"

namespace mote {

void ref_matmul_f32(const Matrix& w, const float* x, uint32_t count, float* y);
void ref_matmul_f16(const Matrix& w, const float* x, uint32_t count, float* y);
void ref_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void ref_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void ref_quantize_row(const float* x, uint32_t cols, const QuantizedTile& to, uint32_t token);
void ref_attend_f32(const Attention& a, const float* q, float* out);
void ref_attend_f16(const Attention& a, const float* q, float* out);
void ref_attend_q8(const Attention& a, const float* q, float* out);
void ref_rms_norm(const float* x, const float* w, uint32_t n, float eps, float* y);
void ref_layer_norm(const float* x, const float* w, const float* bias, uint32_t n, float eps, float* y);
void ref_gate(Activation activation, float* gate, const float* up, uint32_t n);
void ref_activate(Activation activation, float* x, uint32_t n);
void ref_rope(RopePairing pairing, float* head, const float* cos_sin, uint32_t pairs);
void ref_add(float* y, const float* x, uint32_t n);

}  // namespace mote
