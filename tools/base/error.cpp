// error: the one line that a refusal prints.
#include "base/error.h"

#include <cerrno>
#include <cstring>

namespace mote::tools {
namespace {

// Names from files may hold anything; a refusal stays one line, and sends nothing to a terminal that is no text.
std::string without_controls(const std::string& text) {
    static const char digits[] = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        const unsigned char byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) out += c;
        else out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

std::string line(const std::string& code, const std::string& file, std::optional<uint64_t> byte, const std::string& text) {
    std::string out = "error " + code + ": ";
    if (!file.empty()) out += file + ": ";
    if (byte) out += "byte " + std::to_string(*byte) + ": ";
    return without_controls(out + text);
}

}  // namespace

Failure::Failure(Exit exit, std::string code, std::string file, std::optional<uint64_t> byte, const std::string& text)
    : std::runtime_error(line(code, file, byte, text)), exit_(exit), code_(std::move(code)) {}

void refuse(const std::string& code, const std::string& file, const std::string& text) {
    throw Failure(Exit::input, code, file, std::nullopt, text);
}

void refuse_at(const std::string& code, const std::string& file, uint64_t byte, const std::string& text) {
    throw Failure(Exit::input, code, file, byte, text);
}

void refuse_usage(const std::string& text) { throw Failure(Exit::usage, "E_ARG", "", std::nullopt, text); }

void refuse_io(const std::string& file, const std::string& action, int error) {
    const bool full = error == ENOSPC || error == EDQUOT;
    throw Failure(Exit::io, full ? "E_NOSPACE" : "E_IO", file, std::nullopt, action + ": " + std::strerror(error));
}

}  // namespace mote::tools
