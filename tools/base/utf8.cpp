// utf8: characters to bytes.
#include "base/utf8.h"

namespace mote::tools {

std::string utf8(uint32_t code) {
    if (code < 0x80) return std::string(1, static_cast<char>(code));
    const uint32_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;  // bytes after the first
    std::string bytes(1, static_cast<char>((0xff00u >> (more + 1) & 0xffu) | code >> 6 * more));
    for (uint32_t i = more; i-- > 0;) bytes += static_cast<char>(0x80u | (code >> 6 * i & 0x3fu));
    return bytes;
}

}  // namespace mote::tools
