// whole: whether tests of real texts take all of them, as MOTE_WHOLE=1 asks, or the part that there is time for each day.
#pragma once

#include <cstdlib>

namespace mote::testing {

inline bool whole() { return std::getenv("MOTE_WHOLE") != nullptr; }

}  // namespace mote::testing
