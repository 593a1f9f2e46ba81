// output: stdout with checks, stderr for people, signals as a flag.
#include "base/output.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <unistd.h>

#include "base/error.h"

namespace mote::tools {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void remember(int) {
    if (interrupted) _exit(int(Exit::interrupted));  // twice: at once
    interrupted = 1;
}

}  // namespace

void print(std::string_view text) {
    if (text.empty()) return;  // it may point nowhere
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) refuse_io("standard output", "cannot write", errno);
}

void flush_output() {
    errno = 0;
    if (std::fflush(stdout) != 0) refuse_io("standard output", "cannot write", errno);
}

void note(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

void watch_signals() {
    struct sigaction action {};
    action.sa_handler = remember;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

void stop_if_interrupted() {
    if (interrupted) throw Failure(Exit::interrupted, "E_INTERRUPTED", "", std::nullopt, "interrupted");
}

double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Progress::Progress(std::string what, std::string unit, size_t total)
    : what_(std::move(what)), unit_(std::move(unit)), total_(total), start_(seconds()), terminal_(::isatty(2) == 1) {}

Progress::~Progress() {
    if (shown_ > 0) std::fprintf(stderr, "\r\033[K");
}

void Progress::at(size_t done) {
    stop_if_interrupted();
    const double now = seconds(), elapsed = now - start_;
    if (!terminal_ || elapsed < 1 || now - shown_ < 0.1) return;
    shown_ = now;
    const double rate = double(done) / elapsed, left = rate > 0 ? double(total_ - done) / rate : 0;
    std::fprintf(stderr, "\r%s: %zu of %zu %s, %.0f %s/s, %.0f s left\033[K", what_.c_str(), done, total_, unit_.c_str(), rate, unit_.c_str(), left);
}

}  // namespace mote::tools
