// port/template: the smallest complete port, for a machine whose maker's library gives a program its start, a serial line and
// a clock. Copy the folder, give it a name, and put your machine's calls in place of the three functions below.
#include "port.h"

extern "C" {

// What the maker's library does on your machine.
void machine_put_char(char c);
char machine_get_char();
uint64_t machine_micros();

// A .mote file that the build made into an object: .incbin, objcopy, or a C array; at a multiple of 16.
extern const uint8_t model_start[], model_end[];

int main();
}

namespace {

constexpr size_t arena_bytes = 64 * 1024;  // better: all that the linker script has left
alignas(16) uint8_t arena_memory[arena_bytes];

// A program without a command line: these are its arguments, each ended by a zero byte.
constexpr char fixed_arguments[] = "-p\0Once upon a time\0-n\0" "64";

}  // namespace

namespace mote::port {

Image model(const char*) { return Image{model_start, size_t(model_end - model_start)}; }

Memory arena() { return Memory{arena_memory, arena_bytes}; }

size_t arguments(char* buffer, size_t capacity) {
    if (sizeof fixed_arguments > capacity) return capacity + 1;
    for (size_t i = 0; i < sizeof fixed_arguments; i++) buffer[i] = fixed_arguments[i];
    return sizeof fixed_arguments;
}

void write(Channel, const char* data, size_t count) {
    for (size_t i = 0; i < count; i++) machine_put_char(data[i]);
}

size_t read_line(char* buffer, size_t capacity) {
    size_t count = 0;
    for (char c; (c = machine_get_char()) != '\n';)
        if (count < capacity) buffer[count++] = c;
    return count;
}

uint64_t micros() { return machine_micros(); }

Stack stack() { return Stack{}; }

void stop(int) {
    for (;;) {}
}

}  // namespace mote::port

int main() { mote::port::stop(app_main()); }
