// Runs on boards: the emulator's command line, and processes without a shell.
#include "board/run_board.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "board/process.h"

namespace mote::tools {
namespace {

using Words = std::vector<std::string>;

BoardRun sample(const std::string& board) {
    BoardRun run;
    run.board = board;
    run.prompt = "a,b \n";
    run.arguments = {"-n", "4", "--prompt-ids", "1,403"};
    return run;
}

TEST(run_board, a_machine_gets_its_arguments_by_semihosting_with_commas_doubled) {
    const Words words = emulator_command(board_named("microbit"), "say", sample("microbit"));
    const std::string semihosting =
        "enable=on,target=native,chardev=console,arg=say,arg=-n,arg=4,arg=--prompt-ids,arg=1,,403,arg=--prompt-hex,arg=612c62200a";
    const Words expected = {"qemu-system-arm", "-M", "microbit", "-display", "none", "-monitor", "none", "-serial", "null",
                            "-chardev", "stdio,id=console", "-semihosting-config", semihosting, "-kernel", "say"};
    EXPECT_EQ(words, expected);
}

TEST(run_board, a_process_gets_its_arguments_as_they_are) {
    const Words words = emulator_command(board_named("linux-armv7"), "say", sample("linux-armv7"));
    const Words expected = {"qemu-arm", "say", "-n", "4", "--prompt-ids", "1,403", "--prompt-hex", "612c62200a"};
    EXPECT_EQ(words, expected);
}

TEST(run_board, a_native_program_runs_as_it_is) {
    EXPECT_EQ(emulator_command(board_named("linux-x86_64"), "say", sample("linux-x86_64"))[0], "say");
}

TEST(process, hands_on_output_and_exit_code) {
    std::string output;
    const int code =
        run_process({"sh", "-c", "echo one; echo two >&2; exit 7"}, Errors::joined, [&](std::string_view t) { output += t; });
    EXPECT_EQ(code, 7);
    EXPECT_EQ(output, "one\ntwo\n");
}

TEST(process, words_reach_the_program_without_a_shell) {
    std::string output;
    run_process({"printf", "%s|", "a b", "$HOME", "*", ""}, Errors::shared, [&](std::string_view t) { output += t; });
    EXPECT_EQ(output, "a b|$HOME|*||");
}

TEST(process, a_signal_is_128_more) {
    EXPECT_EQ(run_process({"sh", "-c", "kill -9 $$"}, Errors::shared, [](std::string_view) {}), 137);
}

TEST(process, a_missing_program_is_refused_by_name) {
    try {
        run_process({"no-such-emulator"}, Errors::shared, [](std::string_view) {});
        FAIL() << "it was started";
    } catch (const Failure& e) {
        EXPECT_EQ(e.code(), "E_IO");
        EXPECT_NE(std::string(e.what()).find("no-such-emulator"), std::string::npos);
    }
}

}  // namespace
}  // namespace mote::tools
