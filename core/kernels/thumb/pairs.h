// pairs: two products by one multiplication.
//   (a + b 2^16) * (v + u 2^16)  =  a v  +  (a u + b v) 2^16   modulo 2^32
// so the upper half is the dot of (a, b) and (u, v), once 2^15 has been added against a borrow of the lower half. That holds while
// |a v| and |a u + b v|, or the sums of several, fit int16.
#pragma once

#include "../arithmetic.h"

namespace mote {

constexpr uint32_t half_of_low = 0x8000;

/// What multiplies a pair (a, b) for a u + b v.
inline uint32_t crossed(int32_t u, int32_t v) { return uint32_t(v) + (uint32_t(u) << 16); }

/// The dot in the upper half.
inline uint32_t upper(uint32_t products) { return uint32_t(int32_t(products) >> 16); }

}  // namespace mote
