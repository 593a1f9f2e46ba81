// semihosting: arguments go through memory as words of the machine; the operation's number and their address in registers.
#include "semihosting.h"

namespace mote::semihosting {
namespace {

enum Operation : uintptr_t {
    sys_open = 0x01,
    sys_write = 0x05,
    sys_read_char = 0x07,
    sys_get_cmdline = 0x15,
    sys_exit_extended = 0x20
};

constexpr uintptr_t application_exit = 0x20026;

intptr_t call(Operation operation, const void* arguments) {
#if defined(__aarch64__)
    register uintptr_t x0 asm("x0") = operation;
    register const void* x1 asm("x1") = arguments;
    asm volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    return intptr_t(x0);
#else
    register uintptr_t r0 asm("r0") = operation;
    register const void* r1 asm("r1") = arguments;
    asm volatile("bkpt #0xab" : "+r"(r0) : "r"(r1) : "memory");
    return intptr_t(r0);
#endif
}

// The handle of the console for writing; 0 until it is open.
uintptr_t console() {
    static uintptr_t handle;
    if (handle == 0) {
        const uintptr_t arguments[] = {reinterpret_cast<uintptr_t>(":tt"), 4 /* "w" */, 3 /* length of the name */};
        handle = uintptr_t(call(sys_open, arguments));
    }
    return handle;
}

}  // namespace

void write(const char* data, size_t count) {
    const uintptr_t arguments[] = {console(), reinterpret_cast<uintptr_t>(data), count};
    call(sys_write, arguments);
}

int read_char() { return int(call(sys_read_char, nullptr)); }

size_t command_line(char* buffer, size_t capacity) {
    uintptr_t arguments[] = {reinterpret_cast<uintptr_t>(buffer), capacity};
    return call(sys_get_cmdline, arguments) == 0 ? size_t(arguments[1]) : capacity + 1;
}

void exit(int code) {
    const uintptr_t arguments[] = {application_exit, uintptr_t(code)};
    for (;;) call(sys_exit_extended, arguments);
}

}  // namespace mote::semihosting
