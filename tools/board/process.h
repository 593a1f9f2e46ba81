// process: runs a program without a shell and reads what it prints.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mote::tools {

/// Where a program's standard error goes: to ours, or among its output in the order in which it wrote.
enum class Errors { shared, joined };

/// Runs `command` (the program, searched in PATH, and its arguments) with no input.
/// Hands on its output as it comes. Returns its exit code, or 128 + the signal that ended it.
/// Refuses with E_IO if it cannot be started; ends it when the user interrupts (exit 130).
int run_process(const std::vector<std::string>& command, Errors errors, const std::function<void(std::string_view)>& output);

}  // namespace mote::tools
