// Images: the flat file is taken apart by address, the HEX file by a decoder of its own, and what does not fit is refused.
#include "board/image.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "board/elf.h"
#include "small_elf.h"

namespace mote::tools {
namespace {

using test::small_elf;

const std::string code = "the vector table and all the code";
const std::string model = std::string("MOTE model \0\xff\x80", 14) + std::string(70000, 'w') + "end";

ImageParts parts_for(const std::string& firmware) { return {firmware, model, "say", "m.mote"}; }

// Address -> byte, and the start address, from Intel HEX. Fails the test on any wrong record.
std::map<uint64_t, char> decode_hex(const std::string& text, uint64_t& start) {
    std::map<uint64_t, char> memory;
    uint64_t upper = 0;
    bool ended = false;
    for (size_t at = 0; at < text.size();) {
        const size_t end = text.find('\n', at);
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        EXPECT_FALSE(ended);
        EXPECT_EQ(line[0], ':');
        EXPECT_EQ(line.size() % 2, 1u);
        std::string bytes;
        uint8_t sum = 0;
        for (size_t i = 1; i + 1 < line.size(); i += 2) {
            bytes += char(std::stoul(line.substr(i, 2), nullptr, 16));
            sum = uint8_t(sum + uint8_t(bytes.back()));
        }
        EXPECT_EQ(sum, 0) << line;
        EXPECT_EQ(bytes.size(), uint8_t(bytes[0]) + 5u) << line;
        const uint64_t address = uint64_t(uint8_t(bytes[1])) << 8 | uint8_t(bytes[2]);
        const std::string data = bytes.substr(4, uint8_t(bytes[0]));
        uint64_t value = 0;
        for (const char c : data) value = value << 8 | uint8_t(c);
        switch (bytes[3]) {
            case 0:
                EXPECT_LE(address + data.size(), 0x10000u) << line;
                for (size_t i = 0; i < data.size(); i++) EXPECT_TRUE(memory.emplace((upper << 16) + address + i, data[i]).second);
                break;
            case 1: ended = true; break;
            case 4: upper = value; break;
            case 5: start = value; break;
            default: ADD_FAILURE() << line;
        }
    }
    EXPECT_TRUE(ended);
    return memory;
}

std::string refusal(const Board& board, const ImageParts& parts, ImageKind kind) {
    try {
        make_image(board, parts, kind);
    } catch (const Failure& e) {
        return e.what();
    }
    return "";
}

TEST(image, bin_has_code_gap_and_model_at_their_places) {
    const Board& board = board_named("netduinoplus2");
    const std::string firmware = small_elf(false, 0x08000101, {{1, 0x08000000, code, code.size()}, {1, 0x08000100, "data", 4}});
    const std::string bin = make_image(board, parts_for(firmware), ImageKind::bin);
    ASSERT_EQ(bin.size(), 0x20000 + model.size());
    EXPECT_EQ(bin.substr(0, code.size()), code);
    EXPECT_EQ(bin.substr(0x100, 4), "data");
    EXPECT_EQ(bin.substr(code.size(), 0x100 - code.size()), std::string(0x100 - code.size(), '\xff'));
    EXPECT_EQ(bin.substr(0x104, 0x20000 - 0x104), std::string(0x20000 - 0x104, '\xff'));
    EXPECT_EQ(bin.substr(0x20000), model);
}

TEST(image, hex_holds_the_bytes_of_bin) {
    const Board& board = board_named("netduinoplus2");
    const std::string firmware = small_elf(false, 0x08000101, {{1, 0x08000000, code, code.size()}, {1, 0x08000100, "data", 4}});
    const std::string bin = make_image(board, parts_for(firmware), ImageKind::bin);
    uint64_t start = 0;
    const std::map<uint64_t, char> memory = decode_hex(make_image(board, parts_for(firmware), ImageKind::hex), start);
    EXPECT_EQ(start, 0x08000101u);
    EXPECT_EQ(memory.size(), code.size() + 4 + model.size());
    for (const auto& [address, byte] : memory) ASSERT_EQ(bin[size_t(address - 0x08000000)], byte) << address;
}

TEST(image, hex_of_two_banks) {
    const Board& board = board_named("mps2-an500");
    const std::string firmware = small_elf(false, 0x101, {{1, 0, code, code.size()}});
    uint64_t start = 0;
    const std::map<uint64_t, char> memory = decode_hex(make_image(board, parts_for(firmware), ImageKind::hex), start);
    EXPECT_EQ(memory.at(0), code[0]);
    EXPECT_EQ(memory.at(0x60000000), model[0]);
    EXPECT_EQ(memory.at(0x60000000 + model.size() - 1), model.back());
}

TEST(image, bin_of_two_banks_is_refused) {
    const std::string firmware = small_elf(false, 0x101, {{1, 0, code, code.size()}});
    EXPECT_NE(refusal(board_named("mps2-an500"), parts_for(firmware), ImageKind::bin).find("E_ARG"), std::string::npos);
}

TEST(image, elf_holds_the_model_at_its_address) {
    for (const char* name : {"microbit", "virt-aarch64"}) {
        const Board& board = board_named(name);
        const std::string firmware =
            small_elf(board.port == "aarch64", board.code().origin, {{1, board.code().origin, code, code.size()}});
        const std::string elf = make_image(board, parts_for(firmware), ImageKind::elf);
        const Firmware joined = read_firmware(elf, "joined");
        ASSERT_EQ(joined.segments.size(), 2u);
        EXPECT_EQ(joined.segments[0].bytes, code);
        EXPECT_EQ(joined.segments[1].address, board.model_origin);
        EXPECT_EQ(joined.segments[1].bytes, model);
    }
}

TEST(image, a_model_that_just_fits_is_joined_and_one_byte_more_is_refused_with_the_missing_bytes) {
    const Board& board = board_named("microbit");
    const std::string firmware = small_elf(false, 0x101, {{1, 0, code, code.size()}});
    const std::string fits(size_t(board.model().bytes), 'm'), longer = fits + "m", much_longer = fits + std::string(1000, 'm');
    EXPECT_EQ(make_image(board, {firmware, fits, "say", "m.mote"}, ImageKind::bin).size(), 256u * 1024);
    EXPECT_NE(refusal(board, {firmware, longer, "say", "m.mote"}, ImageKind::elf).find(": 1 are missing"), std::string::npos);
    EXPECT_NE(refusal(board, {firmware, much_longer, "say", "m.mote"}, ImageKind::hex).find(": 1000 are missing"),
              std::string::npos);
}

TEST(image, firmware_outside_the_boards_code_is_refused) {
    const Board& board = board_named("microbit");
    for (const uint64_t address : {uint64_t(0x08000000), board.model_origin, board.model_origin - 1}) {
        const std::string firmware = small_elf(false, 0x101, {{1, address, code, code.size()}});
        EXPECT_NE(refusal(board, parts_for(firmware), ImageKind::elf).find("E_RANGE"), std::string::npos) << address;
    }
}

TEST(image, a_board_with_files_is_refused) {
    const std::string firmware = small_elf(true, 0x101, {{1, 0, code, code.size()}});
    EXPECT_NE(refusal(board_named("linux-aarch64"), parts_for(firmware), ImageKind::elf).find("E_ARG"), std::string::npos);
}

TEST(image, kinds_have_three_names) {
    EXPECT_EQ(image_kind("elf"), ImageKind::elf);
    EXPECT_EQ(image_kind("bin"), ImageKind::bin);
    EXPECT_EQ(image_kind("hex"), ImageKind::hex);
    EXPECT_THROW(image_kind("uf2"), Failure);
    EXPECT_THROW(image_kind(""), Failure);
}

}  // namespace
}  // namespace mote::tools
