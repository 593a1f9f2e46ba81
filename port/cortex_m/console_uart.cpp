// console over a UART, for a board without a debugger: it asks for a line of arguments, and begins anew after each run.
#include "chip.h"
#include "console.h"
#include "registers.h"

namespace mote::console {
namespace {

constexpr char prompt[] = "\n[mote] arguments?\n";

}  // namespace

void start() { chip::uart_start(); }

// Terminals expect a carriage return too, but then text would not arrive as it is: set the terminal to add it.
void write(const char* data, size_t count) {
    for (size_t i = 0; i < count; i++) chip::uart_put(data[i]);
}

int read_char() { return uint8_t(chip::uart_get()); }

size_t command_line(char* buffer, size_t capacity) {
    write(prompt, sizeof prompt - 1);
    size_t count = 0;
    for (char c; (c = chip::uart_get()) != '\n' && c != '\r';) {
        if (count < capacity) buffer[count] = c;
        count++;
    }
    if (count >= capacity) return capacity + 1;
    buffer[count] = '\0';
    return count;
}

void stop(int code) {
    const char digits[] = {char('0' + code / 100 % 10), char('0' + code / 10 % 10), char('0' + code % 10), '\n'};
    constexpr char text[] = "\n[mote] exit ";
    write(text, sizeof text - 1);
    write(digits, sizeof digits);
    constexpr uint32_t key = 0x05fau << 16, system_reset_request = 1u << 2;
    reg(scs::reset_control) = key | system_reset_request;
    for (;;) asm volatile("");
}

}  // namespace mote::console
