// stm32f4: 168 MHz from a 25 MHz crystal, and USART1 on PB6 (transmit) and PB7 (receive).
// Registers: RM0090, chapters 3 (flash), 7 (RCC), 8 (GPIO), 30 (USART).
#include "../chip.h"
#include "../registers.h"
#include "board.h"

namespace mote::chip {
namespace {

constexpr uintptr_t rcc_control = 0x40023800;
constexpr uintptr_t rcc_pll = 0x40023804;
constexpr uintptr_t rcc_configuration = 0x40023808;
constexpr uintptr_t rcc_ahb1_enable = 0x40023830;
constexpr uintptr_t rcc_apb2_enable = 0x40023844;
constexpr uintptr_t flash_access = 0x40023c00;
constexpr uintptr_t gpiob_mode = 0x40020400;
constexpr uintptr_t gpiob_alternate_low = 0x40020420;

constexpr uintptr_t status = board::uart_base + 0x00;
constexpr uintptr_t data = board::uart_base + 0x04;
constexpr uintptr_t baud_rate = board::uart_base + 0x08;
constexpr uintptr_t control = board::uart_base + 0x0c;

constexpr uint32_t crystal_on = 1u << 16, crystal_ready = 1u << 17, pll_on = 1u << 24, pll_ready = 1u << 25;
constexpr uint32_t switched_to_pll = 2u << 2;

// Long enough for a crystal, and an end where there is none: the emulator has no RCC, and its core runs at 168 MHz anyway.
bool wait_for(uintptr_t address, uint32_t mask, uint32_t value) {
    for (uint32_t i = 0; i < 100000; i++)
        if ((reg(address) & mask) == value) return true;
    return false;
}

}  // namespace

void start() {
    reg(rcc_control) = reg(rcc_control) | crystal_on;
    if (!wait_for(rcc_control, crystal_ready, crystal_ready)) return;
    // 25 MHz / 25 * 336 / 2 = 168 MHz; 336 / 7 = 48 MHz for USB.
    reg(rcc_pll) = 25u | (336u << 6) | (0u << 16) | (1u << 22) | (7u << 24);
    reg(rcc_control) = reg(rcc_control) | pll_on;
    if (!wait_for(rcc_control, pll_ready, pll_ready)) return;
    reg(flash_access) = 5u | (7u << 8);                      // five wait states at 168 MHz; prefetch and both caches
    reg(rcc_configuration) = (5u << 10) | (4u << 13) | 2u;  // APB1 a quarter, APB2 a half, and over to the PLL
    wait_for(rcc_configuration, 3u << 2, switched_to_pll);
}

void uart_start() {
    reg(rcc_ahb1_enable) = reg(rcc_ahb1_enable) | (1u << 1);  // GPIOB
    reg(rcc_apb2_enable) = reg(rcc_apb2_enable) | (1u << 4);  // USART1
    reg(gpiob_alternate_low) = (reg(gpiob_alternate_low) & 0x00ffffffu) | 0x77000000u;
    reg(gpiob_mode) = (reg(gpiob_mode) & 0xffff0fffu) | 0x0000a000u;
    reg(baud_rate) = (board::uart_clock_hz + board::uart_baud / 2) / board::uart_baud;
    constexpr uint32_t enable = 1u << 13, transmit = 1u << 3, receive = 1u << 2;
    reg(control) = enable | transmit | receive;
}

void uart_put(char c) {
    while (!(reg(status) & (1u << 7))) {}
    reg(data) = uint8_t(c);
}

char uart_get() {
    while (!(reg(status) & (1u << 5))) {}
    return char(reg(data));
}

}  // namespace mote::chip
