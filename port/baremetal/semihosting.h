// semihosting: the calls that a debugger or an emulator answers ("Semihosting for AArch32 and AArch64", Arm). Without one
// they fault.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace mote::semihosting {

void write(const char* data, size_t count);

/// The next character of the console; -1 at its end.
int read_char();

/// The command line, ended by a zero byte. Returns its length, or `capacity` + 1 if there is none that fits.
size_t command_line(char* buffer, size_t capacity);

[[noreturn]] void exit(int code);

}  // namespace mote::semihosting
