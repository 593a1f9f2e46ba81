// write_charsmap: a normalizer's rules as SentencePiece's `precompiled_charsmap`.
#pragma once

#include <string>

#include "model/tokenizer_model.h"

namespace mote::tools {

/// The blob that read_charsmap reads as the same rules; empty if there are none.
/// Errors: E_UNSUPPORTED (a NUL in a rule, which such a map has no room for), E_LIMIT.
std::string charsmap_of(const Normalizer& normalizer, const std::string& file);

}  // namespace mote::tools
