// checked: core's arithmetic on sizes from a file, for the host program.
#pragma once

#include "../../core/src/checked.h"
