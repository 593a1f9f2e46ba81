// print: see print.h. Digits are made from the right in a small buffer.
#include "print.h"

#include "port.h"

namespace mote::app {
namespace {

using port::Channel;

// Whether the last thing written was text: then a note begins with a newline.
bool after_text;

void write_string(Channel channel, const char* text) {
    size_t count = 0;
    while (text[count]) count++;
    port::write(channel, text, count);
}

void write_number(Channel channel, uint64_t value) {
    char digits[20];
    size_t begin = sizeof digits;
    for (; value > 0xffffffffu; value /= 10) digits[--begin] = char('0' + value % 10);
    uint32_t low = uint32_t(value);  // the usual case, without 64-bit division
    do {
        digits[--begin] = char('0' + low % 10);
        low /= 10;
    } while (low);
    port::write(channel, digits + begin, sizeof digits - begin);
}

}  // namespace

void print(const char* text) {
    after_text = true;
    write_string(Channel::text, text);
}

void print(Span<const char> text) {
    if (text.count == 0) return;
    after_text = true;
    port::write(Channel::text, text.data, text.count);
}

void print_number(uint64_t value) {
    after_text = true;
    write_number(Channel::text, value);
}

void print_hex(uint64_t value) {
    char digits[16];
    for (size_t i = 0; i < sizeof digits; i++) digits[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 15u];
    print(Span<const char>(digits, sizeof digits));
}

Note::Note() {
    write_string(Channel::note, after_text ? "\n[mote] " : "[mote] ");
    after_text = false;
}

Note::~Note() { write_string(Channel::note, "\n"); }

Note& Note::operator<<(const char* text) {
    write_string(Channel::note, text);
    return *this;
}

Note& Note::operator<<(uint64_t value) {
    write_number(Channel::note, value);
    return *this;
}

int report(const Fault& fault) {
    Note note;
    note << "error " << error_code(fault.error) << ": " << error_sentence(fault.error);
    if (fault.found || fault.allowed || fault.where)
        note << " (found " << fault.found << ", allowed " << fault.allowed << ", at " << fault.where << ")";
    return exit_error;
}

int report_usage(const char* argument, const char* sentence) {
    Note() << "error E_USAGE: " << argument << " " << sentence;
    return exit_usage;
}

}  // namespace mote::app
