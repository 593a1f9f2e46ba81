// table: the AMX row; what it does not improve is AVX-512's.
#include "../avx2/avx2.h"
#include "../avx512/avx512.h"
#include "../ref/ref.h"
#include "amx.h"

namespace mote {

extern const Kernels amx_kernels;
const Kernels amx_kernels = {
    "amx",          avx2_matmul_f32,  avx2_matmul_f16,      amx_matmul_q8, amx_matmul_q4,  avx512_quantize_row, ref_attend_f32,
    ref_attend_f16, avx512_attend_q8, avx512_attend_two_q8, avx2_rms_norm, ref_layer_norm, avx512_gate,         avx512_activate,
    avx2_rope,      avx2_add,         avx2_argmax,
};

}  // namespace mote
