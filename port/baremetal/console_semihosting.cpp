// console over semihosting: the debugger or emulator passes the command line and takes the exit code.
#include "console.h"
#include "semihosting.h"

namespace mote::console {

void start() {}

void write(const char* data, size_t count) { semihosting::write(data, count); }

int read_char() { return semihosting::read_char(); }

// The first word is the program's name.
size_t command_line(char* buffer, size_t capacity) {
    const size_t count = semihosting::command_line(buffer, capacity);
    if (count > capacity) return count;
    size_t name = 0;
    while (name < count && buffer[name] != ' ') name++;
    for (size_t i = 0; i < name; i++) buffer[i] = ' ';
    return count;
}

void stop(int code) { semihosting::exit(code); }

}  // namespace mote::console
