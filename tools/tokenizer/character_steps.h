// character_steps: the normalizers of tokenizer.json that look at one character at a time, as rules.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/tokenizer_model.h"

namespace mote::tools {

enum class CharacterStep { lowercase, strip_accents };

/// "Lowercase" and "StripAccents"; nothing for other names.
std::optional<CharacterStep> step_named(const std::string& type);

/// What each character becomes by all steps in turn: lower case as Unicode has it without regard to neighbours; marks (M) go.
/// Bytes that are no characters stay.
Normalizer normalizer_of(const std::vector<CharacterStep>& steps);

}  // namespace mote::tools
