// port/baremetal: the part of port.h that bare-metal machines share. Memory is where the linker script put it.
#include "port.h"

#include "console.h"

extern "C" {
extern const uint8_t link_model_start[], link_model_end[];
extern uint8_t link_arena_start[], link_arena_end[];
extern uint32_t link_stack_start[], link_stack_end[];
}

namespace mote::port {
namespace {

constexpr uint32_t stack_paint = 0xa5a5a5a5;  // as startup writes it

// "a  b "c d"" to "a\0b\0c d\0", in place: the result is never longer than the line with its zero byte.
size_t split_words(char* line, size_t count) {
    size_t out = 0;
    for (size_t in = 0; in < count;) {
        if (line[in] == ' ') {
            in++;
            continue;
        }
        for (bool quoted = false; in < count && (quoted || line[in] != ' '); in++) {
            if (line[in] == '"') quoted = !quoted;
            else line[out++] = line[in];
        }
        in++;  // the space, or the zero byte: there is room for this word's zero
        line[out++] = '\0';
    }
    return out;
}

}  // namespace

Image model(const char*) { return Image{link_model_start, size_t(link_model_end - link_model_start)}; }

Memory arena() { return Memory{link_arena_start, size_t(link_arena_end - link_arena_start)}; }

size_t arguments(char* buffer, size_t capacity) {
    const size_t count = console::command_line(buffer, capacity);
    return count > capacity ? count : split_words(buffer, count);
}

void write(Channel, const char* data, size_t count) { console::write(data, count); }

size_t read_line(char* buffer, size_t capacity) {
    size_t count = 0;
    for (int c; (c = console::read_char()) >= 0 && c != '\n' && c != '\r';)
        if (count < capacity) buffer[count++] = char(c);
    return count;
}

Stack stack() {
    const uint32_t* lowest = link_stack_start;
    while (lowest < link_stack_end && *lowest == stack_paint) lowest++;
    return Stack{size_t(link_stack_end - lowest) * 4, size_t(link_stack_end - link_stack_start) * 4};
}

void stop(int code) { console::stop(code); }

}  // namespace mote::port
