// run_board: finds the firmware, writes the emulator's command line, and separates text from notes.
#include "board/run_board.h"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "board/image.h"
#include "board/notes.h"
#include "board/process.h"

namespace mote::tools {
namespace {

std::string program_folder() {
    char path[4096];
    const ssize_t count = ::readlink("/proc/self/exe", path, sizeof path);
    if (count <= 0 || size_t(count) == sizeof path) return "";
    const std::string whole(path, size_t(count));
    return whole.substr(0, whole.rfind('/'));
}

std::string to_hex(const std::string& bytes) {
    std::string out;
    for (const char c : bytes) {
        out += "0123456789abcdef"[uint8_t(c) >> 4];
        out += "0123456789abcdef"[uint8_t(c) & 15];
    }
    return out;
}

// In QEMU's options a comma separates, and two of them are one.
std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == ',' ? ",," : std::string(1, c);
    return out;
}

// The words arrive as one line: port/baremetal takes it apart again.
std::string quoted(const std::string& word) {
    return word.empty() || word.find(' ') != std::string::npos ? '"' + word + '"' : word;
}

std::string hex_address(uint64_t value) {
    char text[19];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
    return text;
}

std::vector<std::string> program_arguments(const BoardRun& run) {
    std::vector<std::string> out = run.arguments;
    if (!run.prompt.empty()) out.insert(out.end(), {"--prompt-hex", to_hex(run.prompt)});
    return out;
}

void append(std::vector<std::string>& to, const std::vector<std::string>& words) {
    to.insert(to.end(), words.begin(), words.end());
}

std::vector<std::string> system_command(const Board& board, const std::string& firmware, const BoardRun& run) {
    std::vector<std::string> out = {board.emulator_program};
    append(out, board.emulator_options);
    append(out, {"-display", "none", "-monitor", "none", "-serial", "null", "-chardev", "stdio,id=console"});
    std::string semihosting = "enable=on,target=native,chardev=console,arg=" + run.program;
    for (const std::string& word : program_arguments(run)) semihosting += ",arg=" + escaped(quoted(word));
    append(out, {"-semihosting-config", semihosting, "-kernel", firmware});
    if (!run.model.empty())
        append(out,
               {"-device", "loader,file=" + escaped(run.model) + ",addr=" + hex_address(board.model_origin) + ",force-raw=on"});
    return out;
}

}  // namespace

std::string find_firmware(const Board& board, const std::string& program) {
    std::vector<std::string> places;
    if (const char* folder = std::getenv("MOTE_FIRMWARE")) places.push_back(std::string(folder) + "/" + board.name + "/" + program);
    const std::string here = program_folder();
    if (!here.empty()) {
        places.push_back(here + "/../../" + board.name + "/targets/" + program);  // build/host/tools -> build/<board>/targets
        places.push_back(here + "/../lib/mote/" + board.name + "/" + program);    // installed
    }
    std::string tried;
    for (const std::string& place : places) {
        if (exists(place)) return place;
        tried += (tried.empty() ? "" : ", ") + place;
    }
    refuse("E_MISSING", program,
           "there is no firmware for " + board.name + " (looked for " + tried + "); build it: cmake --preset " + board.name +
               " && cmake --build build/" + board.name);
}

std::vector<std::string> emulator_command(const Board& board, const std::string& firmware, const BoardRun& run) {
    if (!run.model.empty()) require_room(board, MappedFile(run.model).size(), run.model);
    if (board.emulator == EmulatorKind::qemu_system) return system_command(board, firmware, run);
    std::vector<std::string> out;
    if (board.emulator == EmulatorKind::qemu_user) {
        out.push_back(board.emulator_program);
        append(out, board.emulator_options);
    }
    out.push_back(firmware);
    if (!run.model.empty()) append(out, {"-m", run.model});
    append(out, program_arguments(run));
    return out;
}

int run_board(const BoardRun& run) {
    const Board& board = board_named(run.board);
    const std::string firmware = run.firmware.empty() ? find_firmware(board, run.program) : run.firmware;
    if (!exists(firmware)) refuse("E_MISSING", firmware, "there is no such firmware");
    const auto on_text = [](std::string_view text) {
        print(text);
        flush_output();
    };
    NoteFilter filter(on_text, [](std::string_view line) { note("[mote] " + std::string(line)); });
    // A board has one console, and a process on a system with files is read as if it had: then order is kept.
    const Errors errors = board.emulator == EmulatorKind::qemu_system ? Errors::shared : Errors::joined;
    const std::vector<std::string> command = emulator_command(board, firmware, run);
    const int code = run_process(command, errors, [&](std::string_view bytes) { filter.feed(bytes); });
    filter.finish();
    return code;
}

}  // namespace mote::tools
