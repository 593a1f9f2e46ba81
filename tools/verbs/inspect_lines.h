// inspect_lines: values of JSON as the lines of `mote inspect` have them.
#pragma once

#include <string>

#include "base/json.h"

namespace mote::tools {

inline std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.is_null() ? "none" : value.dump();
}

inline std::string joined(const Json& texts, const char* between) {
    std::string all;
    for (const Json& text : texts) all += (all.empty() ? "" : between) + text.get<std::string>();
    return all.empty() ? "none" : all;
}

}  // namespace mote::tools
