// table: the AVX-VNNI row; what it does not improve is AVX2's, or ref's.
#include "../avx2/avx2.h"
#include "../ref/ref.h"
#include "avxvnni.h"

namespace mote {

extern const Kernels avxvnni_kernels;
const Kernels avxvnni_kernels = {
    "avxvnni",      avx2_matmul_f32, avx2_matmul_f16, avxvnni_matmul_q8, avxvnni_matmul_q4, avx2_quantize_row,
    ref_attend_f32, ref_attend_f16,  avx2_attend_q8,  nullptr,           avx2_rms_norm,     ref_layer_norm,
    avx2_gate,      avx2_activate,   avx2_rope,       avx2_add,          avx2_argmax,
};

}  // namespace mote
