// digest: one number over the bits of many logits, to compare runs on different machines.
#pragma once

#include "mote/result.h"

namespace mote {

constexpr uint64_t digest_start = 0xcbf29ce484222325u;

/// FNV-1a (64 bit) over the little-endian bytes of the logits, continuing from `digest` (`digest_start` to begin).
uint64_t digest(uint64_t digest, Span<const float> logits);

}  // namespace mote
