// family_of: which family of the table a model is of, whatever it was read from; and the base of its rope.
#pragma once

#include <vector>

#include "import/families.h"
#include "model/weights.h"

namespace mote::tools {

/// nullptr if the model is of no family.
const Family* family_of(const Weights& weights);

/// Frequencies as the powers of one theta, each divided by its own number.
struct RopeBase {
    double theta = 10000;
    std::vector<float> divisors;  // empty: all are 1
};

/// The theta is that of the first pairs. A model that was made from a round number gets it back.
RopeBase rope_base(const std::vector<uint32_t>& frequencies, uint32_t rope_dim);

}  // namespace mote::tools
