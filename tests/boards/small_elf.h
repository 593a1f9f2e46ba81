// small_elf: ELF files for tests, made field by field from the ELF specification and not with the code under test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mote::test {

struct SmallSegment {
    uint32_t type;  // 1: PT_LOAD
    uint64_t address;
    std::string bytes;
    uint64_t memory_bytes;
};

/// An executable with these segments, and a section table of two: the null one and the section names.
std::string small_elf(bool wide, uint64_t entry, const std::vector<SmallSegment>& segments);

void append(std::string& out, uint64_t value, size_t bytes);
void overwrite(std::string& out, size_t offset, uint64_t value, size_t bytes);
uint64_t number_at(const std::string& bytes, size_t offset, size_t count);

}  // namespace mote::test
