// machine: what is left to do in C++ after startup.S, the clock, and the report of an unexpected exception.
#include <stddef.h>
#include <stdint.h>

#include "console.h"
#include "port.h"

extern "C" {

extern uint8_t link_bss_start[], link_bss_end[];

[[noreturn]] void start_program() {
    for (uint8_t* p = link_bss_start; p < link_bss_end; p++) *p = 0;
    mote::console::start();
    mote::port::stop(app_main());
}

}  // extern "C"

namespace {

constexpr int exit_fault = 70;

void print(const char* text) {
    size_t count = 0;
    while (text[count]) count++;
    mote::console::write(text, count);
}

void print_value(const char* name, uint64_t value) {
    char digits[16];
    for (int i = 0; i < 16; i++) digits[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 15u];
    print(name);
    mote::console::write(digits, sizeof digits);
}

}  // namespace

extern "C" [[noreturn]] void report_fault(uint64_t entry) {
    static constexpr const char* kinds[] = {"synchronous exception", "IRQ", "FIQ", "SError"};
    uint64_t syndrome, pc, address;
    asm volatile("mrs %0, esr_el1" : "=r"(syndrome));
    asm volatile("mrs %0, elr_el1" : "=r"(pc));
    asm volatile("mrs %0, far_el1" : "=r"(address));
    print("\n[mote] fault: ");
    print(kinds[entry % 4]);
    print_value(", pc 0x", pc);
    print_value(", esr 0x", syndrome);
    print_value(", far 0x", address);
    print("\n");
    mote::console::stop(exit_fault);
}

namespace mote::port {

uint64_t micros() {
    uint64_t ticks, hz;
    asm volatile("isb\n mrs %0, cntvct_el0" : "=r"(ticks));
    asm volatile("mrs %0, cntfrq_el0" : "=r"(hz));
    return ticks / hz * 1000000u + ticks % hz * 1000000u / hz;
}

}  // namespace mote::port
