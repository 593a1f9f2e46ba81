// char_class: what Unicode says of a character, in the four classes of the split rule.
#pragma once

#include <cstdint>

#include "mote/format.h"

namespace mote::tools {

/// Letter (L), number (N), white space, or other; code points that no character has are other.
CharClass class_of(uint32_t code_point);

}  // namespace mote::tools
