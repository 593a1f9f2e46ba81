// boards: image joins firmware and model into what is flashed; targets prints the table of boards.
#include <cstdio>
#include <memory>

#include "../core/kernels/kernels.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "board/boards.h"
#include "board/image.h"
#include "board/run_board.h"
#include "model/open_model.h"
#include "run/arena.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

struct ImageOptions {
    std::string board, model, firmware, program = "say", output;
    bool force = false;
};

void write_image(const ImageOptions& o) {
    const Board& board = board_named(o.board);
    const size_t dot = o.output.rfind('.');
    const ImageKind kind = image_kind(dot == std::string::npos ? "" : o.output.substr(dot + 1));
    require_different(o.model, o.output);
    require_new(o.output, o.force);
    const OpenModel opened = open_model(o.model);
    const MappedFile firmware(o.firmware.empty() ? find_firmware(board, o.program) : o.firmware);
    require_different(firmware.path(), o.output);
    const std::string image = make_image(board, ImageParts{firmware.text(), opened.file->text(), firmware.path(), o.model}, kind);
    write_whole(o.output, image);
    char text[160];
    std::snprintf(text, sizeof text, ": model at 0x%llx, %zu of %llu bytes", static_cast<unsigned long long>(board.model_origin),
                  opened.file->size(), static_cast<unsigned long long>(board.model().bytes));
    note(o.output + text);
}

void print_targets() {
    char line[256];
    std::snprintf(line, sizeof line, "%-15s %-12s %10s %10s %10s  %s\n", "board", "cpu", "code", "model", "arena", "");
    print(line);
    for (const Board& b : boards()) {
        const auto bytes = [&](uint64_t n) { return b.has_memory_map() ? std::to_string(n) : std::string("-"); };
        std::snprintf(line, sizeof line, "%-15s %-12s %10s %10s %10s  %s\n", b.name.c_str(), b.cpu.c_str(), bytes(b.code().bytes).c_str(),
                      bytes(b.model().bytes).c_str(), bytes(b.arena_bytes).c_str(), b.title.c_str());
        print(line);
    }
    print("\nBytes of flash for code and for a model, and of RAM for the arena. `-`: an operating system with files.\n");
    print("This machine runs the kernels " + kernel_names() + ", and takes " + kernels_named("").name + ": " + why_these_kernels + ".\n");
}

}  // namespace

void add_image(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("image", "Join a board's firmware and a model into what is flashed");
    const auto o = std::make_shared<ImageOptions>();
    verb->add_option("--board", o->board, "the board (see mote targets)")->required()->type_name("NAME");
    verb->add_option("-m,--model", o->model, "the .mote file")->required()->type_name("FILE");
    verb->add_option("-o,--output", o->output, "the file to write: .elf, .bin or .hex")->required()->type_name("FILE");
    verb->add_option("--program", o->program, "which firmware: say, selftest or bench (default say)");
    verb->add_option("--firmware", o->firmware, "an ELF file instead of the firmware that was built")->type_name("FILE");
    verb->add_flag("--force", o->force, "overwrite an existing output");
    verb->footer("Example: mote image --board microbit -m stories.mote -o stories.hex");
    verb->callback([o] { write_image(*o); });
}

void add_targets(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("targets", "List the boards");
    verb->footer("Example: mote targets");
    verb->callback(print_targets);
}

}  // namespace mote::tools
