// looks_like: what a file is that is not what it should be.
#pragma once

#include <string>
#include <string_view>

namespace mote::tools {

/// "a GGUF file", "a Git LFS pointer" and such, from the first bytes; empty if nothing is recognised.
std::string looks_like(std::string_view bytes);

}  // namespace mote::tools
