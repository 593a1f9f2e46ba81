// rope: heads turned by their position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "mote/format.h"

namespace mote::tools {

/// Cosine and sine of every position and pair.
struct RopeTable {
    size_t pairs = 0;
    RopePairing pairing = RopePairing::halves;
    std::vector<float> cosine, sine;  // (positions, pairs)
};

/// frequencies: turns a position, as a fraction of 2^32, one a pair.
RopeTable rope_table(const std::vector<uint32_t>& frequencies, RopePairing pairing, size_t positions);

/// Where heads lie: `heads` of `head_dim` floats side by side, `stride` floats from a token to the next.
struct HeadRows {
    size_t heads, head_dim, stride;
};

/// Turns the first 2 * pairs elements of each head in place: (a, b) -> (a cos - b sin, a sin + b cos).
///   x  tokens rows; the first is position 0
void rope_forward(float* x, const RopeTable& table, size_t tokens, HeadRows rows);

/// The turn back, which is the transpose: (da, db) -> (da cos + db sin, db cos - da sin).
void rope_backward(float* dx, const RopeTable& table, size_t tokens, HeadRows rows);

}  // namespace mote::tools
