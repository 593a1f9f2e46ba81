// table: the AVX2 row.
#include "../ref/ref.h"
#include "avx2.h"

namespace mote {

extern const Kernels avx2_kernels;
const Kernels avx2_kernels = {
    "avx2",         avx2_matmul_f32, avx2_matmul_f16, avx2_matmul_q8, avx2_matmul_q4, avx2_quantize_row,
    ref_attend_f32, ref_attend_f16,  avx2_attend_q8,  nullptr,        avx2_rms_norm,  ref_layer_norm,
    avx2_gate,      avx2_activate,   avx2_rope,       avx2_add,       avx2_argmax,
};

}  // namespace mote
