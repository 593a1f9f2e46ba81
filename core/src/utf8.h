// utf8: the characters of a byte string.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace mote {

constexpr uint32_t invalid_character = 0xffffffff;

/// One character: its code point and length; an invalid byte is `invalid_character` of length 1.
struct Character {
    uint32_t code;
    uint32_t bytes;
};

/// How many bytes a character has that begins with this byte; 0 for bytes that begin none.
constexpr uint32_t utf8_length(uint8_t lead) {
    return lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

/// Whether a byte may stand second after this lead: excludes overlong forms, surrogates and code points past U+10FFFF.
constexpr bool utf8_second_fits(uint8_t lead, uint8_t second) {
    const uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high;
}

/// The character at the start of `text`; size >= 1.
inline Character first_character(const char* text, size_t size) {
    const uint8_t lead = uint8_t(text[0]);
    const uint32_t length = utf8_length(lead);
    if (length == 1) return {lead, 1};
    if (length == 0 || length > size || !utf8_second_fits(lead, uint8_t(text[1]))) return {invalid_character, 1};
    uint32_t code = lead & (0x7fu >> length);
    for (uint32_t i = 1; i < length; i++) {
        const uint8_t next = uint8_t(text[i]);
        if ((next & 0xc0u) != 0x80u) return {invalid_character, 1};
        code = code << 6 | (next & 0x3fu);
    }
    return {code, length};
}

}  // namespace mote
