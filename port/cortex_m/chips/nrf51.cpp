// nrf51: the crystal, the UART on the micro:bit's USB pins, and a timer as the clock, for this chip's core has no SysTick.
// Registers: nRF51 Series Reference Manual 3.0, chapters 13 (CLOCK), 18 (TIMER), 29 (UART).
#include "../chip.h"
#include "../registers.h"
#include "board.h"
#include "port.h"

namespace mote::chip {
namespace {

constexpr uintptr_t clock_base = 0x40000000;
constexpr uintptr_t hfclk_start = clock_base + 0x000;
constexpr uintptr_t hfclk_started = clock_base + 0x100;

constexpr uintptr_t gpio_out_set = 0x50000508;
constexpr uintptr_t gpio_direction_set = 0x50000518;

constexpr uintptr_t start_receive = board::uart_base + 0x000;
constexpr uintptr_t start_transmit = board::uart_base + 0x008;
constexpr uintptr_t receive_ready = board::uart_base + 0x108;
constexpr uintptr_t transmit_ready = board::uart_base + 0x11c;
constexpr uintptr_t enable = board::uart_base + 0x500;
constexpr uintptr_t pin_transmit = board::uart_base + 0x50c;
constexpr uintptr_t pin_receive = board::uart_base + 0x514;
constexpr uintptr_t received = board::uart_base + 0x518;
constexpr uintptr_t transmit = board::uart_base + 0x51c;
constexpr uintptr_t baud_rate = board::uart_base + 0x524;

constexpr uint32_t micro_bit_tx = 24, micro_bit_rx = 25;
constexpr uint32_t baud_115200 = 0x01d7e000;
static_assert(board::uart_baud == 115200, "the chip's table of rates has no formula");

}  // namespace

// The RC oscillator is too inexact for a UART.
void start() {
    reg(hfclk_start) = 1;
    while (!reg(hfclk_started)) {}
}

void uart_start() {
    reg(gpio_out_set) = 1u << micro_bit_tx;
    reg(gpio_direction_set) = 1u << micro_bit_tx;
    reg(pin_transmit) = micro_bit_tx;
    reg(pin_receive) = micro_bit_rx;
    reg(baud_rate) = baud_115200;
    reg(enable) = 4;
    reg(start_receive) = 1;
    reg(start_transmit) = 1;
}

void uart_put(char c) {
    reg(transmit_ready) = 0;
    reg(transmit) = uint8_t(c);
    while (!reg(transmit_ready)) {}
}

char uart_get() {
    while (!reg(receive_ready)) {}
    reg(receive_ready) = 0;  // before the byte is taken: its removal lets the next one come
    return char(reg(received));
}

}  // namespace mote::chip

namespace mote {
namespace {

constexpr uintptr_t timer_base = 0x40008000;  // TIMER0: the only one of 32 bits
constexpr uintptr_t timer_start = timer_base + 0x000;
constexpr uintptr_t timer_capture = timer_base + 0x040;
constexpr uintptr_t timer_bits = timer_base + 0x508;
constexpr uintptr_t timer_prescaler = timer_base + 0x510;
constexpr uintptr_t timer_captured = timer_base + 0x540;

}  // namespace

void clock::start() {
    static_assert(board::clock_hz == 1000000, "micros() returns ticks");
    reg(timer_bits) = 3;       // 32
    reg(timer_prescaler) = 4;  // 16 MHz / 2^4
    reg(timer_start) = 1;
}

// Wraps are counted here, so two calls must not lie further apart than 2^32 microseconds, 71 minutes.
uint64_t port::micros() {
    static uint32_t wraps, last;
    reg(timer_capture) = 1;
    const uint32_t now = reg(timer_captured);
    if (now < last) wraps++;
    last = now;
    return (uint64_t(wraps) << 32) | now;
}

}  // namespace mote

extern "C" void systick_handler() {}
