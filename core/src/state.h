// state: what a session keeps at the start of its arena, and small questions about an architecture.
#pragma once

#include "mote/session.h"

namespace mote {

struct State {
    uint32_t position = 0;  // tokens held
};

constexpr bool is_gated(const Architecture& a) {
    for (uint32_t b = 0; b < a.blocks; b++)
        for (const SubLayer& s : a.block[b])
            if (s.work == Work::gated) return true;
    return false;
}

}  // namespace mote
