// registers: a 32-bit device register by its address.
#pragma once

#include <stdint.h>

namespace mote {

inline volatile uint32_t& reg(uintptr_t address) { return *reinterpret_cast<volatile uint32_t*>(address); }

// The System Control Space of every Cortex-M.
namespace scs {
constexpr uintptr_t systick_control = 0xe000e010;
constexpr uintptr_t systick_reload = 0xe000e014;
constexpr uintptr_t systick_value = 0xe000e018;
constexpr uintptr_t reset_control = 0xe000ed0c;      // AIRCR
constexpr uintptr_t configuration = 0xe000ed14;      // CCR
constexpr uintptr_t handler_control = 0xe000ed24;    // SHCSR
constexpr uintptr_t fault_status = 0xe000ed28;       // CFSR
constexpr uintptr_t hard_fault_status = 0xe000ed2c;  // HFSR
constexpr uintptr_t memory_fault_address = 0xe000ed34;
constexpr uintptr_t bus_fault_address = 0xe000ed38;
constexpr uintptr_t mpu_control = 0xe000ed94;
constexpr uintptr_t mpu_region_number = 0xe000ed98;
constexpr uintptr_t mpu_region_base = 0xe000ed9c;
constexpr uintptr_t mpu_region_attributes = 0xe000eda0;
}  // namespace scs

}  // namespace mote
