// table: the row of the int8 matrix instructions; what it does not improve is dotprod's, NEON's, or ref's.
#include "../dotprod/dotprod.h"
#include "../neon/neon.h"
#include "../ref/ref.h"
#include "i8mm.h"

namespace mote {

extern const Kernels i8mm_kernels;
const Kernels i8mm_kernels = {
    "i8mm",
    neon_matmul_f32,
    neon_matmul_f16,
    i8mm_matmul_q8,
    i8mm_matmul_q4,
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
