// schedule: the learning rate of every step.
#pragma once

#include <cstdint>

namespace mote::tools {

/// Rises linearly over `warmup` steps, then falls to `min_rate` along half a cosine until step `steps`.
struct Schedule {
    float rate, min_rate;
    uint64_t warmup, steps;
};

/// The rate of step 0, 1, ...
float learning_rate(const Schedule& schedule, uint64_t step);

}  // namespace mote::tools
