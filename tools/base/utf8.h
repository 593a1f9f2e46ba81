// utf8: core's reading of characters, for the host program, and the way back.
#pragma once

#include <string>
#include <string_view>

#include "../../core/src/utf8.h"

namespace mote::tools {

/// Whether every byte belongs to a character of UTF-8.
inline bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const Character c = first_character(text.data(), text.size());
        if (c.code == invalid_character) return false;
        text.remove_prefix(c.bytes);
    }
    return true;
}

/// The UTF-8 of a code point that is not a surrogate.
std::string utf8(uint32_t code);

}  // namespace mote::tools
