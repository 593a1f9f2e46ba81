// table: the row of the dot product instructions; what it does not improve is NEON's, or ref's.
#include "../neon/neon.h"
#include "../ref/ref.h"
#include "dotprod.h"

namespace mote {

extern const Kernels dotprod_kernels;
const Kernels dotprod_kernels = {
    "dotprod",      ref_matmul_f32, ref_matmul_f16, dotprod_matmul_q8, dotprod_matmul_q4, ref_quantize_row, ref_attend_f32,
    ref_attend_f16, dotprod_attend_q8,  ref_rms_norm,   ref_layer_norm,    ref_gate,          ref_activate,     ref_rope,
    ref_add,
};

}  // namespace mote
