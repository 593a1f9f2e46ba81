// shape: what an importer checks of any model before it believes it.
#pragma once

#include <string>
#include <vector>

#include "mote/format.h"

namespace mote::tools {

struct Shape {
    uint32_t rows, cols;  // a vector has one row
};

/// The shape that a role's tensor has in this architecture (SPEC 4).
Shape shape_of(const Architecture& architecture, Role role);

/// Refuses sizes that are zero or do not fit each other (E_SHAPE) and those beyond the limits of mote/format.h (E_LIMIT).
/// Called before anything is allocated by these sizes.
void require_possible(const Architecture& architecture, const std::string& file);

enum class Nonfinite { refused, allowed };

/// Refuses NaN and infinity with the tensor's name, the first index and how many there are (E_NONFINITE).
void require_finite(const std::vector<float>& values, const std::string& tensor, const std::string& file, Nonfinite policy);

}  // namespace mote::tools
