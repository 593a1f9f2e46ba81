// state: what a session keeps at the start of its arena, and small questions about an architecture.
#pragma once

#include "mote/session.h"

namespace mote {

struct State {
    uint32_t position = 0;  // tokens held
};

/// Queries that one call of attention may take: those of heads that share a cache head, two at most.
constexpr uint32_t queries_at_once(const Architecture& a) { return a.heads > a.kv_heads ? 2 : 1; }

/// The most probable token of some rows of the head, and a place for the logits of as many as are looked at together.
constexpr uint32_t greedy_rows = 128;
struct GreedyScratch {
    float logits[greedy_rows];
    float largest;
    uint32_t token;    // where it stands; or the first logit that is not finite
    bool finite;
};
constexpr size_t greedy_scratch_bytes = (sizeof(GreedyScratch) + 15) / 16 * 16;

constexpr bool is_gated(const Architecture& a) {
    for (uint32_t b = 0; b < a.blocks; b++)
        for (const SubLayer& s : a.block[b])
            if (s.work == Work::gated) return true;
    return false;
}

}  // namespace mote
