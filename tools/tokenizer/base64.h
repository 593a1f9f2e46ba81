// base64: bytes written as text (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mote::tools {

/// Nothing if the text is not base64: wrong characters, a wrong length, or bits that are left over.
std::optional<std::string> from_base64(std::string_view text);
std::string to_base64(std::string_view bytes);

}  // namespace mote::tools
