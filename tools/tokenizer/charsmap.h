// charsmap: the rules of a SentencePiece `precompiled_charsmap`, which also tokenizer.json carries.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer_model.h"

namespace mote::tools {

/// Every text that the map replaces, with what it becomes. The blob is the number of bytes of a darts-clone double array, that array,
/// and replacements that end in NUL.
/// Errors: E_RANGE (sizes, units and replacements that point outside, more than 32 texts that are each other's beginnings),
/// E_LIMIT; `where` and `first_byte` are for messages.
std::vector<NormalizationRule> read_charsmap(std::string_view blob, const std::string& file, uint64_t first_byte);

}  // namespace mote::tools
