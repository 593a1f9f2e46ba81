// The table of boards: facts that must hold for every board, and a few boards' facts written out.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "board/boards.h"

namespace mote::tools {
namespace {

bool inside_bank(const Bank& bank, Range r) {
    return r.bytes > 0 && r.origin >= bank.origin && r.origin + r.bytes <= bank.origin + bank.bytes;
}

TEST(board_table, lists_every_board_once) {
    std::set<std::string> names;
    for (const Board& b : boards()) EXPECT_TRUE(names.insert(b.name).second) << b.name;
    for (const char* name : {"microbit", "mps2-an385", "mps2-an386", "netduinoplus2", "mps2-an500", "mps2-an505", "mps3-an547",
                             "virt-aarch64", "linux-aarch64", "linux-armv7", "linux-i686", "linux-x86_64"})
        EXPECT_EQ(names.count(name), 1u) << name;
}

TEST(board_table, banks_do_not_overlap) {
    for (const Board& b : boards())
        for (size_t i = 0; i < b.banks.size(); i++)
            for (size_t k = i + 1; k < b.banks.size(); k++) {
                const Bank &x = b.banks[i], &y = b.banks[k];
                EXPECT_NE(x.name, y.name) << b.name;
                EXPECT_TRUE(x.origin + x.bytes <= y.origin || y.origin + y.bytes <= x.origin)
                    << b.name << " " << x.name << " " << y.name;
                EXPECT_TRUE(x.emulated_origin + x.bytes <= y.emulated_origin || y.emulated_origin + y.bytes <= x.emulated_origin)
                    << b.name << " " << x.name << " " << y.name;
            }
}

TEST(board_table, code_and_model_lie_in_their_banks_and_apart) {
    for (const Board& b : boards()) {
        if (!b.has_memory_map()) continue;
        ASSERT_NE(b.bank(b.code_bank), nullptr) << b.name;
        ASSERT_NE(b.bank(b.model_bank), nullptr) << b.name;
        EXPECT_TRUE(inside_bank(*b.bank(b.code_bank), b.code())) << b.name;
        EXPECT_TRUE(inside_bank(*b.bank(b.model_bank), b.model())) << b.name;
        EXPECT_TRUE(b.code().origin + b.code().bytes <= b.model_origin || b.model_origin + b.model().bytes <= b.code().origin)
            << b.name;
        EXPECT_EQ(b.model_origin % 64, 0u) << b.name << ": tensors are aligned to 64 bytes in the file";
    }
}

TEST(board_table, stack_and_arena_fit_their_banks) {
    for (const Board& b : boards()) {
        if (!b.has_memory_map()) continue;
        const Bank *data = b.bank(b.data_bank), *arena = b.bank(b.arena_bank);
        ASSERT_NE(data, nullptr) << b.name;
        ASSERT_NE(arena, nullptr) << b.name;
        EXPECT_LE(b.stack_bytes + (data == arena ? b.arena_bytes : 0), data->bytes) << b.name;
        EXPECT_LE(b.arena_bytes, arena->bytes) << b.name;
        EXPECT_EQ(b.stack_bytes % 8, 0u) << b.name;
        EXPECT_GT(b.stack_bytes, 0u) << b.name;
    }
}

TEST(board_table, every_emulated_board_says_how_to_run_it) {
    for (const Board& b : boards()) EXPECT_EQ(b.emulator_program.empty(), b.emulator == EmulatorKind::native) << b.name;
}

TEST(board_table, the_micro_bit_has_208_kb_for_a_model_and_14_25_kb_for_the_arena) {
    const Board& b = board_named("microbit");
    EXPECT_EQ(b.code().origin, 0u);
    EXPECT_EQ(b.code().bytes, 0xc000u);
    EXPECT_EQ(b.model().origin, 0xc000u);
    EXPECT_EQ(b.model().bytes, 208u * 1024);
    EXPECT_EQ(b.arena_bytes, 14464u);
}

TEST(board_table, the_netduino_has_its_second_bank_elsewhere_in_the_emulator) {
    const Board& b = board_named("netduinoplus2");
    ASSERT_NE(b.bank("ccm"), nullptr);
    EXPECT_EQ(b.bank("ccm")->origin, 0x10000000u);
    EXPECT_EQ(b.bank("ccm")->emulated_origin, 0x20020000u);
    EXPECT_EQ(b.arena_bank, "sram");
}

TEST(board_table, a_linux_target_has_no_memory_map) {
    const Board& b = board_named("linux-armv7");
    EXPECT_FALSE(b.has_memory_map());
    EXPECT_EQ(b.model().bytes, 0u);
    EXPECT_EQ(b.emulator, EmulatorKind::qemu_user);
    EXPECT_EQ(b.emulator_program, "qemu-arm");
}

TEST(board_table, a_mistyped_name_is_refused_with_the_nearest_one) {
    try {
        board_named("micobit");
        FAIL() << "there is no such board";
    } catch (const Failure& e) {
        EXPECT_EQ(e.code(), "E_ARG");
        EXPECT_NE(std::string(e.what()).find("microbit"), std::string::npos) << e.what();
    }
}

}  // namespace
}  // namespace mote::tools
