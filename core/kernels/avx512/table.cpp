// table: the AVX-512 row; what it does not improve is AVX2's, or ref's.
#include "../avx2/avx2.h"
#include "../ref/ref.h"
#include "avx512.h"

namespace mote {

extern const Kernels avx512_kernels;
const Kernels avx512_kernels = {
    "avx512",         avx2_matmul_f32,      avx2_matmul_f16, avx512_matmul_q8,
    avx512_matmul_q4, avx512_quantize_row,  ref_attend_f32,  ref_attend_f16,
    avx512_attend_q8, avx512_attend_two_q8, avx2_rms_norm,   ref_layer_norm,
    avx512_gate,      avx512_activate,      avx2_rope,       avx2_add,
    avx2_argmax,
};

}  // namespace mote
