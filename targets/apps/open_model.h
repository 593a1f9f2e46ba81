// open_model: the model that the port has, checked.
#pragma once

#include "settings.h"

namespace mote::app {

/// The model of `-m`, or the one in the board's memory. Errors: those of open; argument where there is no file.
Result<Model> open_model(const Settings& settings);

}  // namespace mote::app
