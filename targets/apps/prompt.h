// prompt: from text or a list of ids to tokens at the far end of the arena, where they stay while the session takes the rest.
#pragma once

#include "settings.h"

namespace mote::app {

/// Makes the prompt's tokens. `memory` shrinks to what is left for the session.
///   memory  the whole arena; its first `used` bytes hold the settings' texts and are free once this returns
/// Errors: those of encode; buffer_too_small (`found` and `allowed` are bytes), argument (a list of ids that is none).
Result<Span<uint32_t>> prompt_tokens(const Model& model, const Settings& settings, size_t used, Span<uint8_t>& memory);

}  // namespace mote::app
