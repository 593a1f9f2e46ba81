// startup: the vector table, and the way from reset to the program. Nothing here may use a float register before the FPU is on,
// which is why the first part is assembly.
#include <stddef.h>
#include <stdint.h>

#include "board.h"
#include "chip.h"
#include "console.h"
#include "port.h"
#include "registers.h"

extern "C" {

extern uint8_t link_data_start[], link_data_end[], link_data_image[];
extern uint8_t link_bss_start[], link_bss_end[];
extern uint32_t link_guard_start[], link_stack_end[];

[[noreturn]] void reset_handler();
void fault_handler();
void systick_handler();

// Sets the stack pointer (a debugger may have come here without the table), paints the stack, switches the FPU on.
[[gnu::naked]] void reset_handler() {
    asm volatile(
        ".syntax unified\n"
        "ldr r0, =link_stack_end\n"
        "mov sp, r0\n"
        "ldr r1, =link_stack_start\n"
#if __ARM_ARCH >= 8
        "msr msplim, r1\n"  // an overflow is a UsageFault at the instruction that causes it
#endif
        "ldr r2, =0xa5a5a5a5\n"
        "1: str r2, [r1]\n"
        "adds r1, #4\n"
        "cmp r1, r0\n"
        "blo 1b\n"
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
        "ldr r0, =0xe000ed88\n"  // CPACR: full access to coprocessors 10 and 11
        "ldr r1, [r0]\n"
        "orr r1, r1, #0xf00000\n"
        "str r1, [r0]\n"
        "dsb\n"
        "isb\n"
#endif
        "bl start_program\n"
        ".ltorg\n");
}

// Armv7-M has no stack limit, so nobody may touch the bytes below the stack. A frame larger than the guard can jump over it.
void protect_stack_guard() {
    if (board::stack_guard_bytes == 0) return;
    static_assert(board::stack_guard_bytes == 0 || board::stack_guard_bytes == 256, "the region's size below");
    constexpr uint32_t enable = 1, size_256 = 7u << 1, never_execute = 1u << 28;  // access permission 0: none
    constexpr uint32_t default_map_elsewhere = 1u << 2;
    mote::reg(mote::scs::mpu_region_number) = 0;
    mote::reg(mote::scs::mpu_region_base) = uint32_t(reinterpret_cast<uintptr_t>(link_guard_start));
    mote::reg(mote::scs::mpu_region_attributes) = enable | size_256 | never_execute;
    mote::reg(mote::scs::mpu_control) = enable | default_map_elsewhere;
    asm volatile("dsb\n isb" ::: "memory");
}

[[noreturn]] [[gnu::used]] void start_program() {
    for (size_t i = 0; i < size_t(link_data_end - link_data_start); i++) link_data_start[i] = link_data_image[i];
    for (uint8_t* p = link_bss_start; p < link_bss_end; p++) *p = 0;
#if __ARM_ARCH_ISA_THUMB >= 2
    // What these cores would forgive and an Armv6-M would not is a bug; likewise a division by zero.
    constexpr uint32_t unaligned_trap = 1u << 3, divide_by_zero_trap = 1u << 4;
    mote::reg(mote::scs::configuration) = mote::reg(mote::scs::configuration) | unaligned_trap | divide_by_zero_trap;
    constexpr uint32_t memory_bus_usage_faults = 7u << 16;  // each with its own name instead of HardFault
    mote::reg(mote::scs::handler_control) = mote::reg(mote::scs::handler_control) | memory_bus_usage_faults;
#endif
    protect_stack_guard();
    mote::chip::start();
    mote::console::start();
    mote::clock::start();
    mote::port::stop(app_main());
}

using Handler = void (*)();

// No peripheral interrupt is ever enabled, so the table ends with the system's own.
struct VectorTable {
    uint32_t* stack;
    Handler handlers[15];
};

[[gnu::used, gnu::section(".vectors")]] const VectorTable vector_table = {
    link_stack_end,
    {reset_handler, fault_handler, fault_handler, fault_handler, fault_handler, fault_handler, fault_handler, nullptr, nullptr,
     nullptr, fault_handler, fault_handler, nullptr, fault_handler, systick_handler},
};

}  // extern "C"
