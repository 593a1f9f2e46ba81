// port: what a program needs from a machine. Each folder beside this one implements it for one kind of machine; a port knows
// nothing of models. No heap, and no memory of its own beyond a few bytes.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// The program. The port calls it once everything below works, and stops with what it returns.
int app_main();

namespace mote::port {

struct Memory {
    uint8_t* data = nullptr;
    size_t bytes = 0;
};

struct Image {
    const uint8_t* data = nullptr;
    size_t bytes = 0;  // all that can be read there; the model may be shorter
};

/// Where the model lies. `file` names it on systems with files; elsewhere the address is the board's, and `file` is not read.
/// No data: there is no such file.
Image model(const char* file);

/// All the memory that is left for the program, at a multiple of 16.
Memory arena();

/// The program's arguments, without its name, each ended by a zero byte.
/// Returns the bytes written, or `capacity` + 1 if they do not fit.
size_t arguments(char* buffer, size_t capacity);

/// Text is what the program is for; notes are what it says about it. Where there is one console, both go there.
enum class Channel : uint8_t { text, note };
void write(Channel channel, const char* data, size_t count);

/// One line from the console without its end; what is longer than `capacity` is dropped. 0 at the end of the input.
size_t read_line(char* buffer, size_t capacity);

/// Time since an arbitrary moment.
uint64_t micros();

/// The most that the stack has held so far, and its size; both 0 where the system manages the stack.
struct Stack {
    size_t used = 0;
    size_t bytes = 0;
};
Stack stack();

/// Ends the program. 0 is success.
[[noreturn]] void stop(int code);

}  // namespace mote::port
