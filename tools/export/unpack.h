// unpack: a .mote file becomes Weights again, with the floats that its numbers stand for.
#pragma once

#include <string>

#include "model/weights.h"

namespace mote::tools {

/// With its tokenizer and chat template. Errors: those of open_model and unpack_tokenizer.
Weights unpack_model(const std::string& path);

}  // namespace mote::tools
