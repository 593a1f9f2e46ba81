// boards: the facts of every board that firmware can be built for, from targets/*/board.json.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mote::tools {

/// A run of addresses. Empty where the board has files instead.
struct Range {
    uint64_t origin = 0;
    uint64_t bytes = 0;
};

struct Bank {
    std::string name;
    uint64_t origin;
    uint64_t emulated_origin;  // where the emulator has it
    uint64_t bytes;
};

enum class EmulatorKind { qemu_system, qemu_user, native };

struct Board {
    std::string name, title, port, cpu, float_abi, toolchain;
    std::vector<Bank> banks;   // none on a system with files
    std::string code_bank, model_bank;
    uint64_t model_origin;
    std::string data_bank, arena_bank;
    uint64_t arena_bytes;      // at least; the linker checks it
    uint64_t stack_bytes;      // 0: the system's business
    EmulatorKind emulator;
    std::string emulator_program;  // empty: runs as it is
    std::vector<std::string> emulator_options;

    bool has_memory_map() const { return !banks.empty(); }
    /// From the start of the code's bank to its end, or to the model if that shares the bank.
    Range code() const;
    /// From the model's address to the end of its bank.
    Range model() const;
    /// Nullptr if there is none of that name.
    const Bank* bank(const std::string& bank_name) const;
};

/// All boards, by name.
const std::vector<Board>& boards();

/// Refuses with E_ARG, naming the board that was probably meant.
const Board& board_named(const std::string& name);

}  // namespace mote::tools
