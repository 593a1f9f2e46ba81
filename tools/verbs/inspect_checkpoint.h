// inspect_checkpoint: what a checkpoint of any kind contains, as one table or as JSON.
#pragma once

#include <string>

#include "base/json.h"

namespace mote::tools {

/// Everything that is shown, by name; the table has the same lines.
///   format, family, sizes, parameters, bytes, bits_per_weight, types (of GGUF's tensors), tokenizer, template, checks, notes
/// All tensors are read, one at a time: what is wrong with a number is said under `checks`.
Json describe_checkpoint(const std::string& path);

/// One line a name.
std::string table_of(const Json& description);

}  // namespace mote::tools
