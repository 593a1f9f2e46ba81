// arguments: numbers from the command line, read whole or refused.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mote::tools {

/// A decimal integer in [0, max]: digits only, nothing before or after. Errors: E_ARG naming the option.
uint64_t parse_u64(const std::string& option, const std::string& text, uint64_t max = UINT64_MAX);
uint32_t parse_u32(const std::string& option, const std::string& text, uint32_t max = UINT32_MAX);

/// A decimal number such as 0.8, -1 or 1e-3; finite. Errors: E_ARG. Independent of the locale.
float parse_float(const std::string& option, const std::string& text);

/// Integers separated by commas: 1,403,407.
std::vector<uint32_t> parse_ids(const std::string& option, const std::string& text);

/// The known word that is nearest to a mistyped one; empty if none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

}  // namespace mote::tools
