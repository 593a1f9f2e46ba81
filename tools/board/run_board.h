// run_board: a board's firmware with a model, in the board's emulator.
#pragma once

#include <string>
#include <vector>

#include "board/boards.h"

namespace mote::tools {

struct BoardRun {
    std::string board;
    std::string program = "say";          // the firmware's name: say, bench, selftest
    std::string firmware;                 // a file; empty: where find_firmware() finds the program
    std::string model;                    // a .mote file
    std::string prompt;                   // any bytes; empty: none is passed
    std::vector<std::string> arguments;   // as targets/README.md lists them
};

/// The firmware of a board: $MOTE_FIRMWARE/<board>/<program>, or beside this program's build folder, or where it was
/// installed. Refuses with E_MISSING, naming the places.
std::string find_firmware(const Board& board, const std::string& program);

/// The command that runs it. Throws as make_image if the model does not fit.
std::vector<std::string> emulator_command(const Board& board, const std::string& firmware, const BoardRun& run);

/// Runs it: text to standard output, notes to standard error. Returns the firmware's exit code.
int run_board(const BoardRun& run);

}  // namespace mote::tools
