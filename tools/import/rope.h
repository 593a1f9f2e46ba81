// rope: how far each pair of a head turns from one position to the next, with the rules that stretch a context.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/json.h"

namespace mote::tools {

constexpr double radians_of_one = 6.283185307179586476925 / 4294967296.0;  // a frequency counts 2^-32 turns

/// Frequencies of `rope_dim / 2` pairs: theta^(-2 i / rope_dim) radians a position, as turns * 2^32.
///   scaling  Hugging Face's `rope_scaling`: its rule is `rope_type` or `type`, and one of default, linear, llama3
/// Errors: E_UNSUPPORTED (any other rule, by name), E_MISSING, E_TYPE, E_RANGE.
std::vector<uint32_t> rope_frequencies(uint32_t rope_dim, double theta, const std::optional<JsonView>& scaling = std::nullopt);

/// The same, each divided by its own number: Llama 3's rule as GGUF stores it, or one factor for all.
std::vector<uint32_t> divided_rope_frequencies(uint32_t rope_dim, double theta, const std::vector<double>& divisors);

}  // namespace mote::tools
