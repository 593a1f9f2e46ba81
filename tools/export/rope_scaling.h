// rope_scaling: the rule of Hugging Face by which a context was stretched, found again in the frequencies that it left.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/json.h"

namespace mote::tools {

/// `rope_theta` and `rope_scaling` of config.json.
struct RopeRule {
    double theta = 10000;
    Json scaling;  // null: the powers of theta as they are
};

/// What rope_frequencies makes these very frequencies of. Nothing if no plain, linear or llama3 rule does. Rules of which several give
/// the same frequencies are told with low_freq_factor 1, and high_freq_factor 4 where the frequencies leave it open.
std::optional<RopeRule> rope_rule(const std::vector<uint32_t>& frequencies, uint32_t rope_dim);

}  // namespace mote::tools
