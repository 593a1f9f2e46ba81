// pair: two int8 as the int16 halves that SMLAD multiplies.
#pragma once

#include <stdint.h>

namespace mote {

inline uint32_t pair(int32_t low, int32_t high) {
    uint32_t both;
    asm("pkhbt %0, %1, %2, lsl #16" : "=r"(both) : "r"(low), "r"(high));
    return both;
}

}  // namespace mote
