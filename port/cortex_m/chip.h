// chip: what a family of microcontrollers does in its own way. One file of chips/ implements it; a board's facts choose.
#pragma once

#include <stdint.h>

namespace mote::chip {

/// Clocks and pins. Runs before anything else, with .data and .bss in place.
void start();

void uart_start();
void uart_put(char c);
char uart_get();

}  // namespace mote::chip

namespace mote::clock {

/// Begins counting. systick.cpp implements it where the chip has no better timer.
void start();

}  // namespace mote::clock
