// console: where a bare-metal board's text goes, its arguments come from, and how it ends. console_semihosting.cpp, or
// console_uart.cpp of the port, implements it; MOTE_CONSOLE chooses.
#pragma once

#include <stddef.h>

namespace mote::console {

void start();
void write(const char* data, size_t count);

/// The next character; -1 at the end of the input.
int read_char();

/// The line of arguments, ended by a zero byte and not counting it; `capacity` + 1 if it does not fit. Words are separated by
/// spaces, and may stand in double quotes.
size_t command_line(char* buffer, size_t capacity);

[[noreturn]] void stop(int code);

}  // namespace mote::console
