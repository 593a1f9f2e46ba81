// print: text, numbers and errors, without printf. Text goes to the text channel as it is. A note is a line of its own that
// begins with "[mote] "; where one console carries both, the newline that ends a text before it belongs to the note.
#pragma once

#include "mote/mote.h"

namespace mote::app {

void print(const char* text);
void print(Span<const char> text);
void print_number(uint64_t value);
void print_hex(uint64_t value);  // 16 digits

/// One line about the run: `Note() << tokens << " tokens";`
class Note {
public:
    Note();
    ~Note();
    Note(const Note&) = delete;
    Note& operator=(const Note&) = delete;

    Note& operator<<(const char* text);
    Note& operator<<(uint64_t value);
};

constexpr int exit_usage = 2;
constexpr int exit_error = 3;

/// Notes `error E_CODE: sentence (found X, allowed Y, at Z)` and returns `exit_error`.
int report(const Fault& fault);

/// Notes what is wrong with the arguments and returns `exit_usage`.
int report_usage(const char* argument, const char* sentence);

}  // namespace mote::app
