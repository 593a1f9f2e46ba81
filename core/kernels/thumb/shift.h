// shift: shifts as the instructions of Cortex-M have them, where C asks for a number below 32.
#pragma once

#include <stdint.h>

namespace mote {

/// By 0 to 255, from 32 on nothing but the sign is left.
[[gnu::always_inline]] static inline int32_t shift_right(int32_t x, uint32_t by) {
    asm(".syntax unified\n asrs %0, %0, %1" : "+l"(x) : "l"(by) : "cc");
    return x;
}
[[gnu::always_inline]] static inline uint32_t shift_right(uint32_t x, uint32_t by) {
    asm(".syntax unified\n lsrs %0, %0, %1" : "+l"(x) : "l"(by) : "cc");
    return x;
}

/// x / 2^by rounded, halves up; by is 1 to 255. The last bit that is shifted out is the carry.
[[gnu::always_inline]] static inline uint32_t shift_right_rounded(uint32_t x, uint32_t by) {
    const uint32_t zero = 0;
    asm(".syntax unified\n lsrs %0, %0, %1\n adcs %0, %2" : "+&l"(x) : "l"(by), "l"(zero) : "cc");
    return x;
}

}  // namespace mote
