// inspect_checkpoint: what a checkpoint of any kind contains, as one table or as JSON.
#pragma once

#include <string>

#include "base/json.h"
#include "mote/mote.h"

namespace mote::tools {

/// Everything that is shown, by name; the table has the same lines.
///   format, family, sizes, parameters, bytes, bits_per_weight, types (of GGUF's tensors), tokenizer, template, checks, notes
/// All tensors are read, one at a time: what is wrong with a number is said under `checks`.
Json describe_checkpoint(const std::string& path);

/// dim, layers, heads, kv_heads, head_dim, hidden, vocab and context, by these names.
Json describe_sizes(const Architecture& architecture);

/// One line a name.
std::string table_of(const Json& description);

}  // namespace mote::tools
