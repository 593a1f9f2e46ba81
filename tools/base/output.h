// output: what a command prints, with every write checked; and Ctrl-C as a question that long loops ask.
#pragma once

#include <string>
#include <string_view>

namespace mote::tools {

/// Results go to standard output. Throws Failure (exit 4) when they cannot be written.
void print(std::string_view text);
void flush_output();

/// Everything else goes to standard error.
void note(const std::string& text);

/// Installs handlers: SIGINT and SIGTERM are remembered, SIGPIPE becomes a write error.
void watch_signals();

/// Throws Failure (exit 130) if the user has interrupted the program.
void stop_if_interrupted();

/// A line on the terminal that shows how far a long command is: count, rate and time left. Silent where standard error
/// is not a terminal.
class Progress {
public:
    Progress(std::string what, std::string unit, size_t total);
    ~Progress();
    void at(size_t done);

private:
    std::string what_, unit_;
    size_t total_;
    double start_, shown_ = 0;
    bool terminal_;
};

/// Seconds on a clock that never goes back.
double seconds();

}  // namespace mote::tools
