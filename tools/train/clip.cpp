// clip: as torch.nn.utils.clip_grad_norm_ has it.
#include "train/clip.h"

#include "train/vector.h"

namespace mote::tools {

MOTE_VECTOR double sum_of_squares(const float* x, size_t n) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) sum += double(x[i]) * double(x[i]);
    return sum;
}

float clip_factor(double length, float longest) {
    if (longest == 0) return 1;
    return float(std::min(1.0, double(longest) / (length + 1e-6)));
}

}  // namespace mote::tools
