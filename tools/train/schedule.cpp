// schedule: nanoGPT's.
#include "train/schedule.h"

#include <cmath>

namespace mote::tools {

float learning_rate(const Schedule& s, uint64_t step) {
    if (step < s.warmup) return float(double(s.rate) * double(step + 1) / double(s.warmup + 1));
    if (step >= s.steps) return s.min_rate;
    const double part = double(step - s.warmup) / double(s.steps - s.warmup);
    return float(double(s.min_rate) + 0.5 * (1 + std::cos(3.14159265358979323846 * part)) * double(s.rate - s.min_rate));
}

}  // namespace mote::tools
