// error: how the host program refuses. Thrown anywhere, printed once in main as one line.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace mote::tools {

/// Exit codes of the host program.
enum class Exit : int { ok = 0, usage = 2, input = 3, io = 4, limit = 5, internal = 70, interrupted = 130 };

/// Why a command cannot go on. Prints as `mote: error CODE: file: byte N: text`.
class Failure : public std::runtime_error {
public:
    /// code: "E_SHAPE" and such, as in core's error_code(). text: what was found, what is allowed, what to do.
    Failure(Exit exit, std::string code, std::string file, std::optional<uint64_t> byte, const std::string& text);

    Exit exit() const { return exit_; }
    const std::string& code() const { return code_; }

private:
    Exit exit_;
    std::string code_;
};

/// Bad input: something is wrong in a file. `byte` is where, if that can be said.
[[noreturn]] void refuse(const std::string& code, const std::string& file, const std::string& text);
[[noreturn]] void refuse_at(const std::string& code, const std::string& file, uint64_t byte, const std::string& text);

/// The user asked for something impossible.
[[noreturn]] void refuse_usage(const std::string& text);

/// The operating system said no; appends strerror(error).
[[noreturn]] void refuse_io(const std::string& file, const std::string& action, int error);

}  // namespace mote::tools
