// base64: four characters for three bytes.
#include "tokenizer/base64.h"

#include <cstdint>

namespace mote::tools {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4) return std::nullopt;
    size_t padding = 0;
    while (padding < 2 && !text.empty() && text.back() == '=') {
        text.remove_suffix(1);
        padding++;
    }
    std::string bytes;
    uint32_t bits = 0, count = 0;
    for (const char& c : text) {
        const size_t value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count & 0xffu);
        bits &= (1u << count) - 1;
    }
    if (bits != 0 || count != padding * 2) return std::nullopt;
    return bytes;
}

std::string to_base64(std::string_view bytes) {
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++) bits = bits << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0u);
        for (size_t k = 0; k < 4; k++) text += i + k <= bytes.size() ? alphabet[bits >> (18 - 6 * k) & 0x3fu] : '=';
    }
    return text;
}

}  // namespace mote::tools
