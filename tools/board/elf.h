// elf: reads and writes as much of an ELF file as joining a model to firmware takes. Little-endian, 32 and 64 bits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mote::tools {

/// A run of bytes that a loader puts into memory.
struct Segment {
    uint64_t address;  // where it is stored (the physical address: in flash also for initialized data)
    std::string_view bytes;
};

/// Firmware, checked: every offset lies within the file, no two segments overlap.
struct Firmware {
    std::string_view file;
    bool wide;                      // ELF64
    uint64_t entry;
    std::vector<Segment> segments;  // those with bytes, by address
};

/// Parses an executable ELF file. `name` is for refusals: E_MAGIC (not an ELF file), E_TRUNCATED, E_RANGE, E_TYPE, E_OVERLAP,
/// E_MISSING (nothing to load).
Firmware read_firmware(std::string_view file, const std::string& name);

/// The same file with one more segment, and a section `.model` for tools that load by sections.
///   bytes  the segment's contents; `address` is both its address and where it is stored
std::string add_segment(const Firmware& firmware, uint64_t address, std::string_view bytes, const std::string& name);

}  // namespace mote::tools
