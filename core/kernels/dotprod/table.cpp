// table: the row of the dot product instructions; what it does not improve is NEON's, or ref's.
#include "../neon/neon.h"
#include "../ref/ref.h"
#include "dotprod.h"

namespace mote {

extern const Kernels dotprod_kernels;
const Kernels dotprod_kernels = {
    "dotprod",
    neon_matmul_f32,
    neon_matmul_f16,
    dotprod_matmul_q8,
    dotprod_matmul_q4,
    neon_quantize_row,
    ref_attend_f32,
    ref_attend_f16,
    dotprod_attend_q8,
    dotprod_attend_two_q8,
    neon_rms_norm,
    neon_layer_norm,
    neon_gate,
    neon_activate,
    neon_rope,
    neon_add,
    neon_argmax,
};

}  // namespace mote
