// forward: one pass over the weights for a tile of tokens.
#pragma once

#include "mote/session.h"

namespace mote {

/// Runs `count` tokens (1 .. plan.tile) that stand at `position` and after, all checked by the caller.
/// Returns the logits of the last token if `want_logits`, otherwise nullptr.
float* forward(const Session& session, const uint32_t* tokens, uint32_t count, uint32_t position, bool want_logits);

}  // namespace mote
