// Reading and extending ELF files: what a segment is, what is refused, and that damage is never followed.
#include "board/elf.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "small_elf.h"

namespace mote::tools {
namespace {

using test::number_at;
using test::overwrite;
using test::small_elf;

constexpr bool both_shapes[] = {false, true};

std::string refusal(const std::string& file) {
    try {
        read_firmware(file, "f.elf");
    } catch (const Failure& e) {
        return e.code();
    }
    return "";
}

std::string sample(bool wide) { return small_elf(wide, 0x101, {{1, 0x100, "code of the board", 17}, {1, 0x200, "data", 4}}); }

TEST(elf, segments_are_what_was_stored_in_order_of_address) {
    for (const bool wide : both_shapes) {
        const std::string file =
            small_elf(wide, 0x201, {{1, 0x200, "later", 5}, {6, 0x40, "not loaded", 10}, {1, 0x100, "first", 9}});
        const Firmware f = read_firmware(file, "f.elf");
        EXPECT_EQ(f.wide, wide);
        EXPECT_EQ(f.entry, 0x201u);
        ASSERT_EQ(f.segments.size(), 2u);
        EXPECT_EQ(f.segments[0].address, 0x100u);
        EXPECT_EQ(f.segments[0].bytes, "first");
        EXPECT_EQ(f.segments[1].address, 0x200u);
        EXPECT_EQ(f.segments[1].bytes, "later");
    }
}

TEST(elf, a_file_cut_anywhere_is_refused) {
    for (const bool wide : both_shapes) {
        const std::string whole = sample(wide);
        for (size_t n = 0; n < whole.size(); n++) EXPECT_NE(refusal(whole.substr(0, n)), "") << n;
        EXPECT_EQ(refusal(whole), "");
    }
}

TEST(elf, other_files_are_refused) {
    EXPECT_EQ(refusal("MOTE\r\n\x1a\n"), "E_MAGIC");
    EXPECT_EQ(refusal(std::string(64, '\0')), "E_MAGIC");
}

TEST(elf, wrong_fields_are_refused) {
    const std::string good = sample(false);
    const auto with = [&](size_t offset, uint64_t value, size_t bytes) {
        std::string file = good;
        overwrite(file, offset, value, bytes);
        return refusal(file);
    };
    EXPECT_EQ(with(4, 3, 1), "E_TYPE");             // class
    EXPECT_EQ(with(5, 2, 1), "E_ENDIAN");
    EXPECT_EQ(with(16, 1, 2), "E_TYPE");            // relocatable
    EXPECT_EQ(with(42, 31, 2), "E_SHAPE");          // size of a program header
    EXPECT_EQ(with(46, 39, 2), "E_SHAPE");          // size of a section header
    EXPECT_EQ(with(28, 0xfffffff0, 4), "E_TRUNCATED");  // program headers behind the end
    EXPECT_EQ(with(32, 0xfffffff0, 4), "E_TRUNCATED");  // section headers behind the end
    EXPECT_EQ(with(44, 0xffff, 2), "E_TRUNCATED");  // more program headers than bytes
    EXPECT_EQ(with(44, 0, 2), "E_MISSING");         // none
    EXPECT_EQ(with(52 + 4, 0xffffffff, 4), "E_TRUNCATED");  // a segment's bytes behind the end
    EXPECT_EQ(with(52 + 16, 0xffffffff, 4), "E_RANGE");     // more bytes in the file than in memory
    EXPECT_EQ(with(52 + 12, 0xfffffff8, 4), "");            // ends beyond 2^32, which only a board can refuse
    EXPECT_EQ(with(52 + 12, 0x1f0, 4), "E_OVERLAP");        // into the second segment
}

TEST(elf, a_segment_around_the_end_of_addresses_is_refused) {
    std::string file = sample(true);
    overwrite(file, 64 + 24, 0xfffffffffffffff8, 8);
    EXPECT_EQ(refusal(file), "E_RANGE");
}

TEST(elf, a_file_with_any_byte_changed_is_read_or_refused) {
    for (const bool wide : both_shapes) {
        const std::string good = sample(wide);
        for (size_t at = 0; at < good.size(); at++)
            for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
                std::string file = good;
                file[at] = char(value);
                try {
                    add_segment(read_firmware(file, "f.elf"), 0x4000, "the model", "f.elf");
                } catch (const Failure&) {
                }
            }
    }
}

TEST(elf, an_added_segment_is_read_back) {
    for (const bool wide : both_shapes) {
        const std::string file = sample(wide);
        const std::string joined = add_segment(read_firmware(file, "f.elf"), 0x4000, "the model", "f.elf");
        const Firmware f = read_firmware(joined, "joined.elf");
        ASSERT_EQ(f.segments.size(), 3u);
        EXPECT_EQ(f.segments[0].bytes, "code of the board");
        EXPECT_EQ(f.segments[1].bytes, "data");
        EXPECT_EQ(f.segments[2].address, 0x4000u);
        EXPECT_EQ(f.segments[2].bytes, "the model");
        EXPECT_EQ(f.entry, 0x101u);
    }
}

TEST(elf, an_added_segment_is_also_a_section) {
    const std::string file = sample(false);
    const std::string joined = add_segment(read_firmware(file, "f.elf"), 0x4000, "the model", "f.elf");
    const size_t sections = number_at(joined, 32, 4);
    ASSERT_EQ(number_at(joined, 48, 2), 3u);
    const size_t names = number_at(joined, sections + 40 + 16, 4), row = sections + 80;
    EXPECT_EQ(joined.substr(names + number_at(joined, row, 4), 7), std::string(".model\0", 7));
    EXPECT_EQ(number_at(joined, row + 4, 4), 1u);        // contents of the program
    EXPECT_EQ(number_at(joined, row + 12, 4), 0x4000u);
    EXPECT_EQ(joined.substr(number_at(joined, row + 16, 4), number_at(joined, row + 20, 4)), "the model");
}

TEST(elf, a_stripped_file_gets_a_segment_only) {
    std::string file = sample(false);
    overwrite(file, 32, 0, 4);
    overwrite(file, 48, 0, 2);
    overwrite(file, 50, 0, 2);
    const std::string joined = add_segment(read_firmware(file, "f.elf"), 0x4000, "the model", "f.elf");
    EXPECT_EQ(number_at(joined, 48, 2), 0u);
    EXPECT_EQ(read_firmware(joined, "joined.elf").segments.size(), 3u);
}

}  // namespace
}  // namespace mote::tools
