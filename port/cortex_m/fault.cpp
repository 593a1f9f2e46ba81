// fault: every exception that nobody expects ends here, with its name and the registers that explain it, and stops the program.
#include <stddef.h>
#include <stdint.h>

#include "console.h"
#include "registers.h"

namespace {

constexpr int exit_fault = 70;

struct Name {
    uint32_t number;
    const char* text;
};

constexpr Name names[] = {{2, "NMI"},        {3, "HardFault"},   {4, "MemManage"}, {5, "BusFault"},
                          {6, "UsageFault"}, {7, "SecureFault"}, {11, "SVCall"},   {12, "DebugMonitor"}};

void print(const char* text) {
    size_t count = 0;
    while (text[count]) count++;
    mote::console::write(text, count);
}

void print_value(const char* name, uint32_t value) {
    char digits[8];
    for (int i = 0; i < 8; i++) digits[i] = "0123456789abcdef"[(value >> (28 - 4 * i)) & 15u];
    print(name);
    mote::console::write(digits, sizeof digits);
}

}  // namespace

extern "C" {

// The stack may be what failed, so the rest of the handler has all of it again. Before that, the program counter is taken from
// the frame (its seventh word), if the core could write one: a frame outside the stack must not be read either.
[[gnu::naked]] void fault_handler() {
    asm volatile(
        ".syntax unified\n"
        "mov r1, sp\n"
        "movs r0, #0\n"
        "ldr r2, =link_stack_start\n"
        "cmp r1, r2\n"
        "blo 1f\n"
        "ldr r2, =link_stack_end - 32\n"
        "cmp r1, r2\n"
        "bhi 1f\n"
        "ldr r0, [r1, #24]\n"
        "1: ldr r2, =link_stack_end\n"
        "mov sp, r2\n"
        "bl report_fault\n"
        ".ltorg\n");
}

[[noreturn]] [[gnu::used]] void report_fault(uint32_t pc) {
    uint32_t number;
    asm volatile("mrs %0, ipsr" : "=r"(number));
    const char* name = "an unknown exception";
    for (const Name& n : names)
        if (n.number == number) name = n.text;
    print("\n[mote] fault: ");
    print(name);
    if (pc) print_value(", pc 0x", pc);
#if __ARM_ARCH_ISA_THUMB >= 2
    print_value(", cfsr 0x", mote::reg(mote::scs::fault_status));
    print_value(", hfsr 0x", mote::reg(mote::scs::hard_fault_status));
    print_value(", mmfar 0x", mote::reg(mote::scs::memory_fault_address));
    print_value(", bfar 0x", mote::reg(mote::scs::bus_fault_address));
#endif
    print("\n");
    mote::console::stop(exit_fault);
}

}  // extern "C"
