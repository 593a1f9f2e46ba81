// amx: what this row improves over AVX-512: prompts. Needs AMX-INT8, and a system that saves the tiles of its threads.
#pragma once

#include "../kernels.h"

namespace mote {

void amx_matmul_q8(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);
void amx_matmul_q4(const Matrix& w, const QuantizedTile& x, uint32_t count, float* y);

}  // namespace mote
