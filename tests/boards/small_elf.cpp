// small_elf: header, program headers, data, section names, section headers, in this order.
#include "small_elf.h"

namespace mote::test {

void append(std::string& out, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) out += char(value >> (8 * i));
}

void overwrite(std::string& out, size_t offset, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) out.at(offset + i) = char(value >> (8 * i));
}

uint64_t number_at(const std::string& bytes, size_t offset, size_t count) {
    uint64_t value = 0;
    for (size_t i = count; i-- > 0;) value = value << 8 | uint8_t(bytes.at(offset + i));
    return value;
}

std::string small_elf(bool wide, uint64_t entry, const std::vector<SmallSegment>& segments) {
    const size_t word = wide ? 8 : 4, header = wide ? 64 : 52, segment_row = wide ? 56 : 32, section_row = wide ? 64 : 40;
    const std::string names = std::string("\0.shstrtab\0", 11);
    size_t data_bytes = 0;
    for (const SmallSegment& s : segments) data_bytes += s.bytes.size();
    const size_t data_offset = header + segments.size() * segment_row;
    const size_t names_offset = data_offset + data_bytes, sections_offset = (names_offset + names.size() + 7) / 8 * 8;

    std::string out = std::string("\x7f" "ELF") + char(wide ? 2 : 1) + char(1) + char(1) + std::string(9, '\0');
    append(out, 2, 2);                 // e_type: executable
    append(out, wide ? 183 : 40, 2);   // e_machine
    append(out, 1, 4);                 // e_version
    append(out, entry, word);
    append(out, header, word);         // e_phoff
    append(out, sections_offset, word);
    append(out, 0, 4);                 // e_flags
    append(out, header, 2);
    append(out, segment_row, 2);
    append(out, segments.size(), 2);
    append(out, section_row, 2);
    append(out, 2, 2);                 // e_shnum
    append(out, 1, 2);                 // e_shstrndx

    size_t offset = data_offset;
    for (const SmallSegment& s : segments) {
        append(out, s.type, 4);
        if (wide) append(out, 5, 4);   // p_flags
        append(out, offset, word);
        append(out, s.address, word);  // p_vaddr
        append(out, s.address, word);  // p_paddr
        append(out, s.bytes.size(), word);
        append(out, s.memory_bytes, word);
        if (!wide) append(out, 5, 4);
        append(out, 1, word);          // p_align
        offset += s.bytes.size();
    }
    for (const SmallSegment& s : segments) out += s.bytes;
    out += names;
    out.resize(sections_offset, '\0');
    out += std::string(section_row, '\0');
    append(out, 1, 4);                 // sh_name
    append(out, 3, 4);                 // sh_type: string table
    append(out, 0, word);
    append(out, 0, word);
    append(out, names_offset, word);
    append(out, names.size(), word);
    append(out, 0, 8);
    append(out, 1, word);
    append(out, 0, word);
    return out;
}

}  // namespace mote::test
