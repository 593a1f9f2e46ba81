// table: the Thumb row.
#include "../ref/ref.h"
#include "thumb.h"

#if defined(MOTE_HAS_THUMB)

namespace mote {

extern const Kernels thumb_kernels;
constexpr Kernels thumb_kernels = built({
    "thumb",        ref_matmul_f32, ref_matmul_f16,  thumb_matmul_q8, thumb_matmul_q4, thumb_quantize_row,
    ref_attend_f32, ref_attend_f16, thumb_attend_q8, nullptr,         ref_rms_norm,    ref_layer_norm,
    thumb_gate,     thumb_activate, ref_rope,        ref_add,
    ref_argmax,
});

}  // namespace mote

#endif
