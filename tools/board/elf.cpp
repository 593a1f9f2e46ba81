// elf: tables are read field by field at checked offsets; the new file is the old one with longer tables behind it.
#include "board/elf.h"

#include <algorithm>

#include "base/checked.h"
#include "base/error.h"

namespace mote::tools {
namespace {

constexpr uint32_t segment_load = 1, segment_readable = 4;
constexpr uint32_t section_progbits = 1, section_allocated = 2;
constexpr uint64_t model_alignment = 16;

// Where the fields of ELF32 and ELF64 lie, and how long they are.
struct Shape {
    size_t word;  // bytes of an address
    size_t header_bytes, segment_bytes, section_bytes;
    size_t entry, segments, sections, segment_size, segment_count, section_size, section_count, section_names;  // in the header
    size_t p_flags, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
    size_t s_flags, s_addr, s_offset, s_size, s_addralign;
};

constexpr Shape narrow = {4, 52, 32, 40, 24, 28, 32, 42, 44, 46, 48, 50, 24, 4, 8, 12, 16, 20, 28, 8, 12, 16, 20, 32};
constexpr Shape wide = {8, 64, 56, 64, 24, 32, 40, 54, 56, 58, 60, 62, 4, 8, 16, 24, 32, 40, 48, 8, 16, 24, 32, 48};

const Shape& shape_of(bool is_wide) { return is_wide ? wide : narrow; }

// A file, or a part of one, read at checked offsets.
class Reader {
public:
    Reader(std::string_view bytes, std::string name, size_t word) : bytes_(bytes), name_(std::move(name)), word_(word) {}

    uint64_t number(uint64_t offset, size_t size) const {
        if (!inside(offset, size, bytes_.size()))
            refuse_at("E_TRUNCATED", name_, bytes_.size(), "the ELF file ends before a field at byte " + std::to_string(offset));
        uint64_t value = 0;
        for (size_t i = size; i-- > 0;) value = value << 8 | uint8_t(bytes_[size_t(offset) + i]);
        return value;
    }
    uint16_t half(uint64_t offset) const { return uint16_t(number(offset, 2)); }
    uint32_t full(uint64_t offset) const { return uint32_t(number(offset, 4)); }
    uint64_t word(uint64_t offset) const { return number(offset, word_); }

    std::string_view part(uint64_t offset, uint64_t size, const char* what) const {
        if (!inside(offset, size, bytes_.size()))
            refuse_at("E_TRUNCATED", name_, bytes_.size(),
                      std::string(what) + " from byte " + std::to_string(offset) + " has " + std::to_string(size) +
                          " bytes; the file ends before");
        return bytes_.substr(size_t(offset), size_t(size));
    }

private:
    std::string_view bytes_;
    std::string name_;
    size_t word_;
};

// The table of `count` entries of `size` bytes, whole.
std::string_view table(const Reader& r, uint64_t offset, uint64_t count, uint64_t size, const char* what) {
    return r.part(offset, count * size, what);  // both are 16-bit fields: no overflow
}

void put(std::string& out, size_t offset, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) out[offset + i] = char(value >> (8 * i));
}

void pad(std::string& out, uint64_t multiple) { out.resize(size_t((out.size() + multiple - 1) / multiple * multiple), '\0'); }

bool check_identity(std::string_view file, const std::string& name) {
    constexpr size_t identity_bytes = 16;
    if (file.substr(0, 4) != std::string_view("\x7f" "ELF", std::min<size_t>(file.size(), 4)))
        refuse_at("E_MAGIC", name, 0, "this is not an ELF file");
    if (file.size() < identity_bytes) refuse_at("E_TRUNCATED", name, file.size(), "the ELF file ends within its first 16 bytes");
    if (file[4] != 1 && file[4] != 2)
        refuse_at("E_TYPE", name, 4,
                  "the ELF class is " + std::to_string(uint8_t(file[4])) + "; 1 (32 bits) and 2 (64 bits) are known");
    if (file[5] != 1) refuse_at("E_ENDIAN", name, 5, "the ELF file is not little-endian");
    return file[4] == 2;
}

void check_overlap(std::vector<Segment>& segments, const std::string& name) {
    std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) { return a.address < b.address; });
    for (size_t i = 0; i < segments.size(); i++) {
        const Size end = Size(segments[i].address) + segments[i].bytes.size();
        if (end.overflow) refuse("E_RANGE", name, "a segment goes beyond the last address");
        if (i + 1 < segments.size() && end.value > segments[i + 1].address)
            refuse("E_OVERLAP", name, "two segments share addresses");
    }
}

// Appends the section table with one more row, and names that know it. Files without sections stay without.
void add_section(const Reader& r, const Shape& s, std::string& out, uint64_t address, uint64_t offset, uint64_t bytes) {
    const uint16_t count = r.half(s.section_count), names_index = r.half(s.section_names);
    const uint64_t table_offset = r.word(s.sections);
    if (count == 0 || count == 0xfeff || table_offset == 0 || names_index >= count) return;
    std::string sections(table(r, table_offset, count, s.section_bytes, "the section table"));
    const Reader rows(sections, "", s.word);
    const size_t names_row = names_index * s.section_bytes;
    std::string names(r.part(rows.word(names_row + s.s_offset), rows.word(names_row + s.s_size), "the section names"));
    const size_t name_at = names.size();
    names += std::string(".model") + '\0';

    pad(out, s.word);
    put(sections, names_row + s.s_offset, out.size(), s.word);
    put(sections, names_row + s.s_size, names.size(), s.word);
    out += names;

    std::string row(s.section_bytes, '\0');
    put(row, 0, name_at, 4);
    put(row, 4, section_progbits, 4);
    put(row, s.s_flags, section_allocated, s.word);
    put(row, s.s_addr, address, s.word);
    put(row, s.s_offset, offset, s.word);
    put(row, s.s_size, bytes, s.word);
    put(row, s.s_addralign, model_alignment, s.word);
    pad(out, s.word);
    put(out, s.sections, out.size(), s.word);
    put(out, s.section_count, uint64_t(count) + 1, 2);
    out += sections + row;
}

}  // namespace

Firmware read_firmware(std::string_view file, const std::string& name) {
    const bool is_wide = check_identity(file, name);
    const Shape& s = shape_of(is_wide);
    const Reader r(file, name, s.word);
    r.part(0, s.header_bytes, "the ELF header");
    if (r.half(16) != 2)
        refuse_at("E_TYPE", name, 16, "the ELF file is not an executable (type " + std::to_string(r.half(16)) + ")");
    if (r.half(s.segment_size) != s.segment_bytes)
        refuse_at(
            "E_SHAPE", name, s.segment_size,
            "program headers have " + std::to_string(r.half(s.segment_size)) + " bytes, not " + std::to_string(s.segment_bytes));
    if (r.half(s.section_count) && r.half(s.section_size) != s.section_bytes)
        refuse_at(
            "E_SHAPE", name, s.section_size,
            "section headers have " + std::to_string(r.half(s.section_size)) + " bytes, not " + std::to_string(s.section_bytes));
    table(r, r.word(s.sections), r.half(s.section_count), s.section_bytes, "the section table");

    Firmware firmware{file, is_wide, r.word(s.entry), {}};
    const uint64_t first = r.word(s.segments);
    table(r, first, r.half(s.segment_count), s.segment_bytes, "the program header table");
    for (uint16_t i = 0; i < r.half(s.segment_count); i++) {
        const uint64_t row = first + uint64_t(i) * s.segment_bytes;
        const uint64_t bytes = r.word(row + s.p_filesz);
        if (r.full(row) != segment_load || bytes == 0) continue;
        if (bytes > r.word(row + s.p_memsz)) refuse_at("E_RANGE", name, row, "a segment has more bytes in the file than in memory");
        firmware.segments.push_back({r.word(row + s.p_paddr), r.part(r.word(row + s.p_offset), bytes, "a segment")});
    }
    if (firmware.segments.empty()) refuse("E_MISSING", name, "the ELF file has nothing to load");
    check_overlap(firmware.segments, name);
    return firmware;
}

std::string add_segment(const Firmware& firmware, uint64_t address, std::string_view bytes, const std::string& name) {
    const Shape& s = shape_of(firmware.wide);
    const Reader r(firmware.file, name, s.word);
    const uint64_t count = r.half(s.segment_count);
    if (count >= 0xfffe)
        refuse_at("E_LIMIT", name, s.segment_count, "there are " + std::to_string(count) + " program headers already");

    std::string out(firmware.file);
    pad(out, model_alignment);
    const uint64_t data_offset = out.size();
    out += bytes;

    std::string row(s.segment_bytes, '\0');
    put(row, 0, segment_load, 4);
    put(row, s.p_flags, segment_readable, 4);
    put(row, s.p_offset, data_offset, s.word);
    put(row, s.p_vaddr, address, s.word);
    put(row, s.p_paddr, address, s.word);
    put(row, s.p_filesz, bytes.size(), s.word);
    put(row, s.p_memsz, bytes.size(), s.word);
    put(row, s.p_align, model_alignment, s.word);
    pad(out, s.word);
    put(out, s.segments, out.size(), s.word);
    put(out, s.segment_count, count + 1, 2);
    out += table(r, r.word(s.segments), count, s.segment_bytes, "the program header table");
    out += row;

    add_section(r, s, out, address, data_offset, bytes.size());
    if (!firmware.wide && out.size() > UINT32_MAX) refuse("E_LIMIT", name, "a 32-bit ELF file cannot be this large");
    return out;
}

}  // namespace mote::tools
