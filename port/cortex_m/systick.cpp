// systick: a clock from the core's 24-bit timer, which wraps within a second; its interrupt counts the wraps.
#include "board.h"
#include "chip.h"
#include "port.h"
#include "registers.h"

namespace {

constexpr uint32_t period = 1u << 24;
constexpr uint32_t ticks_per_micro = board::clock_hz / 1000000;
static_assert(board::clock_hz % 1000000 == 0, "micros() divides by whole ticks");

volatile uint32_t wraps;

}  // namespace

extern "C" void systick_handler() { wraps = wraps + 1; }

namespace mote::clock {

void start() {
    constexpr uint32_t enable = 1, interrupt = 2, core_clock = 4;
    reg(scs::systick_reload) = period - 1;
    reg(scs::systick_value) = 0;
    reg(scs::systick_control) = enable | interrupt | core_clock;
}

}  // namespace mote::clock

namespace mote::port {

uint64_t micros() {
    uint32_t before, value;
    do {  // until no wrap came between the two reads
        before = wraps;
        value = reg(scs::systick_value);
    } while (before != wraps);
    return (uint64_t(before) * period + (period - 1 - value)) / ticks_per_micro;
}

}  // namespace mote::port
