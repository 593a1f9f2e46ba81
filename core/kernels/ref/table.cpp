// table: the plain C++ row, in the order of the contract.
#include "ref.h"

namespace mote {

constexpr Kernels ref_kernels = built({
    "ref",
    ref_matmul_f32,
    ref_matmul_f16,
    ref_matmul_q8,
    ref_matmul_q4,
    ref_quantize_row,
    ref_attend_f32,
    ref_attend_f16,
    ref_attend_q8,
    nullptr,
    ref_rms_norm,
    ref_layer_norm,
    ref_gate,
    ref_activate,
    ref_rope,
    ref_add,
    ref_argmax,
});

}  // namespace mote
