// state: what a session keeps at the start of its arena, and small questions about an architecture.
#pragma once

#include "mote/session.h"

namespace mote {

struct State {
    uint32_t position = 0;  // tokens held
};

/// Queries that one call of attention may take: those of heads that share a cache head, two at most.
constexpr uint32_t queries_at_once(const Architecture& a) { return a.heads > a.kv_heads ? 2 : 1; }

constexpr bool is_gated(const Architecture& a) {
    for (uint32_t b = 0; b < a.blocks; b++)
        for (const SubLayer& s : a.block[b])
            if (s.work == Work::gated) return true;
    return false;
}

}  // namespace mote
