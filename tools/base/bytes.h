// bytes: little-endian numbers at any place of a file that was read or mapped.
#pragma once

#include <cstring>
#include <string_view>

namespace mote::tools {

/// The number at `offset`; the caller has seen that it lies inside.
template <class T>
T number_at(std::string_view bytes, size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

}  // namespace mote::tools
