// unpack: a .mote file becomes Weights again, with the floats that its numbers stand for.
#pragma once

#include <string>

#include "model/weights.h"

namespace mote::tools {

/// Without its tokenizer; a note says so if it has one. Errors: those of open_model.
Weights unpack_model(const std::string& path);

}  // namespace mote::tools
