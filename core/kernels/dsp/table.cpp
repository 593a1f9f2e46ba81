// table: the DSP row.
#include "../ref/ref.h"
#include "dsp.h"

#if defined(MOTE_HAS_DSP)

namespace mote {

extern const Kernels dsp_kernels;
constexpr Kernels dsp_kernels = built({
    "dsp",
    ref_matmul_f32,
    ref_matmul_f16,
    dsp_matmul_q8,
    dsp_matmul_q4,
    dsp_quantize_row,
    ref_attend_f32,
    ref_attend_f16,
    dsp_attend_q8,
    dsp_attend_two_q8,
    ref_rms_norm,
    ref_layer_norm,
    dsp_gate,
    dsp_activate,
    ref_rope,
    ref_add,
    ref_argmax,
});

}  // namespace mote

#endif
