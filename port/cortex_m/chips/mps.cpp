// mps: Arm's FPGA boards. Clocks run from the start; the UART is the CMSDK's, whose divider counts UART clocks a bit.
#include "../chip.h"
#include "../registers.h"
#include "board.h"

namespace mote::chip {
namespace {

constexpr uintptr_t data = board::uart_base + 0x00;
constexpr uintptr_t state = board::uart_base + 0x04;
constexpr uintptr_t control = board::uart_base + 0x08;
constexpr uintptr_t divider = board::uart_base + 0x10;

constexpr uint32_t transmit_full = 1, receive_full = 2;
constexpr uint32_t transmit_enable = 1, receive_enable = 2;

}  // namespace

void start() {}

void uart_start() {
    reg(divider) = board::uart_clock_hz / board::uart_baud;
    reg(control) = transmit_enable | receive_enable;
}

void uart_put(char c) {
    while (reg(state) & transmit_full) {}
    reg(data) = uint8_t(c);
}

char uart_get() {
    while (!(reg(state) & receive_full)) {}
    return char(reg(data));
}

}  // namespace mote::chip
