// make_protobuf: SentencePiece models, field by field.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace mote::testing {

inline std::string varint(uint64_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(0x80 | (value & 0x7f));
    return bytes + static_cast<char>(value);
}

/// A string or a message.
inline std::string field(uint32_t id, const std::string& bytes) { return varint(id << 3 | 2) + varint(bytes.size()) + bytes; }

/// An integer, an enum value or a flag.
inline std::string number(uint32_t id, uint64_t value) { return varint(id << 3) + varint(value); }

/// A piece of a SentencePiece model; type 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte.
inline std::string piece(const std::string& text, float score, uint64_t type = 1) {
    std::string bytes(4, '\0');
    std::memcpy(bytes.data(), &score, 4);
    return field(1, field(1, text) + varint(2 << 3 | 5) + bytes + number(3, type));
}

/// A character map, in which "a" becomes the text at `place`: a darts-clone array whose root leads to unit 1 ^ 'a', with a value in
/// unit 1 ^ 'a' ^ 512; then the replacements, each of which should end in NUL.
inline std::string charsmap(const std::string& replacements, uint32_t place = 0) {
    std::vector<uint32_t> units(1025, 0);
    units[0] = 1024 * 4;                                       // bytes of the rest
    units[1] = 1u << 10;                                       // the root: children at 0 ^ 1
    units[1 + (1 ^ 'a')] = 2u << 10 | 1u << 9 | 1u << 8 | 'a';  // at a distance of 2 << 8, one of them a value
    units[1 + (1 ^ 'a' ^ 512)] = 0x80000000u | place;
    return std::string(reinterpret_cast<const char*>(units.data()), units.size() * 4) + replacements;
}

inline std::string small_charsmap() { return charsmap(std::string("b\0", 2)); }

}  // namespace mote::testing
