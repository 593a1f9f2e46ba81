// forward: one pass over the weights for a tile of tokens, and what follows the last of them.
#pragma once

#include "mote/session.h"
#include "state.h"

namespace mote {

/// Runs `count` tokens (1 .. plan.tile) that stand at `position` and after, all checked by the caller.
void forward(const Session& session, const uint32_t* tokens, uint32_t count, uint32_t position);

/// The logits that follow the last token, f32[vocab] in plan.work, after a forward over `count`. The plan is not greedy.
float* logits_of_last(const Session& session, uint32_t count);

/// The largest of these logits, and none of the others; at the begin of plan.work.
const GreedyScratch& greedy_of_last(const Session& session, uint32_t count);

}  // namespace mote
