// clip: the length of the whole gradient, and the factor that bounds it.
#pragma once

#include <cstddef>

namespace mote::tools {

/// In double precision.
double sum_of_squares(const float* x, size_t n);

/// What a gradient of that length is multiplied by: 1, or what brings it to `longest`; 0 as `longest` means no bound.
float clip_factor(double length, float longest);

}  // namespace mote::tools
