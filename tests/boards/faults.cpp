// faults: does on purpose what no program should, for tests of a board's fault handler. The argument says what.
#include <stddef.h>
#include <stdint.h>

#include "port.h"

namespace {

constexpr size_t word_bytes = 16;

// Each names the instruction that faults, so that a test can compare addresses.
void read_unaligned() {
    alignas(4) static const uint8_t bytes[8] = {};
    uint32_t value;
    asm volatile(".global unaligned_here\nunaligned_here: ldr %0, [%1]" : "=l"(value) : "l"(bytes + 1) : "memory");
}

void run_undefined() { asm volatile(".global undefined_here\nundefined_here: .inst.n 0xde01" ::: "memory"); }

void divide_by_zero() {
#if __ARM_ARCH_ISA_THUMB >= 2
    uint32_t value = 1;
    asm volatile(".global divide_here\ndivide_here: udiv %0, %0, %1" : "+r"(value) : "r"(0));
#endif
}

// As many frames as a stack of any board has no room for; the call behind the recursion keeps it from becoming a loop.
uint32_t fill_stack(uint32_t depth) {
    volatile uint32_t frame[16];
    frame[depth % 16] = depth;
    return depth == 0 ? 0 : fill_stack(depth - 1) + frame[depth % 16];
}

}  // namespace

int app_main() {
    char what[word_bytes];
    if (mote::port::arguments(what, sizeof what) > sizeof what) return 1;
    switch (what[0]) {
        case 'a': read_unaligned(); break;
        case 'u': run_undefined(); break;
        case 'd': divide_by_zero(); break;
        case 's': return int(fill_stack(1u << 20) % 64);
        default: break;
    }
    return 0;
}
