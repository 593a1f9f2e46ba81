// table: the NEON row.
#include "../ref/ref.h"
#include "neon.h"

namespace mote {

extern const Kernels neon_kernels;
const Kernels neon_kernels = {
    "neon",         ref_matmul_f32, ref_matmul_f16, neon_matmul_q8, neon_matmul_q4, ref_quantize_row, ref_attend_f32,
    ref_attend_f16, neon_attend_q8,  ref_rms_norm,   ref_layer_norm, ref_gate,       ref_activate,     ref_rope,
    ref_add,
};

}  // namespace mote
