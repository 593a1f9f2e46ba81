// inspect_model: what a .mote file contains, as tables or as JSON.
#pragma once

#include <string>

#include "base/json.h"

namespace mote::tools {

/// Everything that is shown, by name; the tables are written from it.
///   file, version, bytes, payload_crc, sizes, norm, norm_eps, activation, position, activation_scale, blocks, tokenizer (null
///   where there is none; with the parts of its chat template), tensors, parameters, weight_bytes, bits_per_weight
Json describe_model(const std::string& path);

std::string table_of_model(const Json& description);

}  // namespace mote::tools
