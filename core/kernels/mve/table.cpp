// table: the Helium row.
#include "../ref/ref.h"
#include "mve.h"

#if defined(MOTE_HAS_MVE)

namespace mote {

#if __ARM_FEATURE_MVE & 2
constexpr auto quantize_row = mve_quantize_row;
constexpr auto attend_two_q8 = mve_attend_two_q8;
constexpr auto gate = mve_gate;
constexpr auto activate = mve_activate;
#else
constexpr auto quantize_row = ref_quantize_row;  // Helium without floats
constexpr decltype(Kernels::attend_two_q8) attend_two_q8 = nullptr;
constexpr auto gate = ref_gate;
constexpr auto activate = ref_activate;
#endif

extern const Kernels mve_kernels;
constexpr Kernels mve_kernels = built({
    "mve",
    ref_matmul_f32,
    ref_matmul_f16,
    mve_matmul_q8,
    mve_matmul_q4,
    quantize_row,
    ref_attend_f32,
    ref_attend_f16,
    mve_attend_q8,
    attend_two_q8,
    ref_rms_norm,
    ref_layer_norm,
    gate,
    activate,
    ref_rope,
    ref_add,
    ref_argmax,
});

}  // namespace mote

#endif
