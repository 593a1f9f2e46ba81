// character_steps: the normalizers of tokenizer.json that look at one character at a time, as rules.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/tokenizer_model.h"

namespace mote::tools {

enum class CharacterStep { lowercase, strip_accents, nmt, nfd, nfkd };

/// "Lowercase", "StripAccents" and so on; nothing for other names. NFD and NFKD look at their neighbours to put marks in order, so that they
/// are such steps only where the marks are stripped later.
std::optional<CharacterStep> step_named(const std::string& type);

/// What each character becomes by all steps in turn: lower case as Unicode has it without regard to neighbours; marks (M) go; SentencePiece's
/// control characters go, and its white space becomes a space (Nmt); decompositions.
/// Bytes that are no characters stay.
Normalizer normalizer_of(const std::vector<CharacterStep>& steps);

/// A text after them. Needs UTF-8.
std::string after_steps(const std::vector<CharacterStep>& steps, const std::string& text);

}  // namespace mote::tools
