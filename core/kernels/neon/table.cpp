// table: the NEON row.
#include "../ref/ref.h"
#include "neon.h"

namespace mote {

extern const Kernels neon_kernels;
#if defined(__aarch64__)
constexpr Kernels neon_kernels = built({
    "neon",
    neon_matmul_f32,
    neon_matmul_f16,
    neon_matmul_q8,
    neon_matmul_q4,
    neon_quantize_row,
    ref_attend_f32,
    ref_attend_f16,
    neon_attend_q8,
    neon_attend_two_q8,
    neon_rms_norm,
    neon_layer_norm,
    neon_gate,
    neon_activate,
    neon_rope,
    neon_add,
    neon_argmax,
});
#else
constexpr Kernels neon_kernels = built({
    "neon",
    ref_matmul_f32,
    ref_matmul_f16,
    neon_matmul_q8,
    neon_matmul_q4,
    neon_quantize_row,
    ref_attend_f32,
    ref_attend_f16,
    neon_attend_q8,
    neon_attend_two_q8,
    ref_rms_norm,
    ref_layer_norm,
    neon_gate,
    neon_activate,
    ref_rope,
    ref_add,
    neon_argmax,
});
#endif

}  // namespace mote
