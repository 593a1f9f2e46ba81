// inspect_checkpoint: what a checkpoint of any kind contains, as one table or as JSON.
#pragma once

#include <string>

#include "base/json.h"
#include "import/import.h"
#include "mote/mote.h"

namespace mote::tools {

/// Everything that is shown, by name; the table has the same lines.
///   file, format, files (how many hold the weights), family, sizes, parameters, bytes (of the weights), bits_per_weight, types (of
///   the tensors), tokenizer (describe_tokenizer, or null), checks, notes
/// All tensors are read, one at a time: what is wrong with a number is said under `checks`.
Json describe_checkpoint(const std::string& path, const ImportOptions& options);

/// dim, layers, heads, kv_heads, head_dim, hidden, vocab and context, by these names.
Json describe_sizes(const Architecture& architecture);

/// One line a name.
std::string table_of(const Json& description);

}  // namespace mote::tools
