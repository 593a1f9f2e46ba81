// quantize: float matrices to the packed formats of SPEC 5, and rows back to floats.
#pragma once

#include <cstdint>
#include <vector>

#include "mote/format.h"

namespace mote::tools {

/// What was lost on the way into a format.
struct PackedMatrix {
    std::vector<uint8_t> bytes;      // matrix_layout(format, rows, cols).bytes of them
    uint64_t saturated = 0;          // f16: finite elements that became infinite and were clamped to 65504
};

/// Packs a (rows, cols) row-major float matrix.
///   q8: one bf16 scale a row, the smallest with |w| <= 127 scale.
///   q4: each 32 columns take the integer scale, positive or negative, that loses least (sum of squared errors); the row's
///       bf16 scale is such that the group with the largest elements has 127 for its own.
/// A row with an element that is not finite gets a NaN for its scale; one below 2^-118 or so becomes zeros.
PackedMatrix pack_matrix(const float* values, uint32_t rows, uint32_t cols, Format format);

/// The floats that a packed matrix stands for, (rows, cols) row-major.
std::vector<float> unpack_matrix(const uint8_t* data, uint32_t rows, uint32_t cols, Format format);

}  // namespace mote::tools
