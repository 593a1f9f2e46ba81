// parts: what this build of core has. A build may leave out formats, and what only some architectures need (CMakeLists.txt); `open` and
// `plan` refuse what is left out, and the linker drops it. Each number has a bit for each value of its enum.
#pragma once

#include "mote/format.h"

#ifndef MOTE_BUILT_FORMATS
#define MOTE_BUILT_FORMATS 0xffu
#define MOTE_BUILT_CACHES 0xffu
#define MOTE_BUILT_NORMS 0xffu
#define MOTE_BUILT_ACTIVATIONS 0xffu
#define MOTE_BUILT_WORKS 0xffu
#define MOTE_BUILT_POSITIONS 0xffu
#define MOTE_BUILT_SCALES 0xffu
#endif

namespace mote {

/// Whether this build is compiled for size (-Os): it leaves out what only saves time.
#if defined(__OPTIMIZE_SIZE__)
constexpr bool for_size = true;
#else
constexpr bool for_size = false;
#endif

/// Of matrices. Vectors are f32 in any case.
constexpr bool built(Format f) { return (MOTE_BUILT_FORMATS >> uint32_t(f) & 1u) != 0; }
constexpr bool built_cache(Format f) { return (MOTE_BUILT_CACHES >> uint32_t(f) & 1u) != 0; }
constexpr bool built(Norm n) { return (MOTE_BUILT_NORMS >> uint32_t(n) & 1u) != 0; }
constexpr bool built(Activation a) { return (MOTE_BUILT_ACTIVATIONS >> uint32_t(a) & 1u) != 0; }
constexpr bool built(Work w) { return (MOTE_BUILT_WORKS >> uint32_t(w) & 1u) != 0; }
constexpr bool built(Position p) { return (MOTE_BUILT_POSITIONS >> uint32_t(p) & 1u) != 0; }
constexpr bool built(ActivationScale s) { return (MOTE_BUILT_SCALES >> uint32_t(s) & 1u) != 0; }

}  // namespace mote
