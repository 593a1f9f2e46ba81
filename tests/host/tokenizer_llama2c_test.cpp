// tokenizer.bin of llama2.c.
#include <gtest/gtest.h>
#include <cmath>

#include "make_checkpoint.h"
#include "opened_tokenizer.h"
#include "refusal.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::tools {
namespace {

using testing::bytes_of;
using testing::expect_refusal;
using testing::llama2c_tokenizer;
using testing::OpenedTokenizer;
using testing::TemporaryFolder;

TokenizerModel import(const std::string& bytes) {
    const TemporaryFolder folder;
    return import_tokenizer(folder.write("tokenizer.bin", bytes));
}

using Ids = std::vector<uint32_t>;

// 259 " ", 260 a, 261 b, 262 c, 263 ab, 264 bc, 265 " a"
const std::vector<testing::ScoredText> letters = {{" ", -10}, {"a", -10}, {"b", -10}, {"c", -10},
                                                  {"ab", -1}, {"bc", -2}, {" a", -3}};

TEST(tokenizer_llama2c, puts_a_space_and_a_begin_in_front) {
    const TokenizerModel m = import(llama2c_tokenizer(letters));
    EXPECT_EQ(m.flags, tokenizer_prefix_space | tokenizer_add_bos);
    EXPECT_EQ(m.unk, 0u);
    EXPECT_EQ(m.bos, 1u);
    EXPECT_EQ(m.eos, 2u);
    EXPECT_EQ(OpenedTokenizer(m).encode("c"), (Ids{1, 259, 262}));
}

TEST(tokenizer_llama2c, names_control_tokens_without_their_newlines) {
    const TokenizerModel m = import(llama2c_tokenizer(letters));
    EXPECT_EQ(m.pieces[0], "<unk>");
    EXPECT_EQ(m.pieces[1], "<s>");
    EXPECT_EQ(m.pieces[2], "</s>");
    EXPECT_EQ(m.specials, (Ids{0, 1, 2}));
}

TEST(tokenizer_llama2c, merges_the_highest_score_first) {
    const OpenedTokenizer t(import(llama2c_tokenizer(letters)));
    EXPECT_EQ(t.encode("abc", testing::plain()), (Ids{259, 263, 262}));  // ab (-1) before bc (-2) and " a" (-3)
}

TEST(tokenizer_llama2c, merges_the_leftmost_of_equal_scores) {
    std::vector<testing::ScoredText> equal = letters;
    equal[4].score = equal[5].score = -1;
    EXPECT_EQ(OpenedTokenizer(import(llama2c_tokenizer(equal))).encode("abc", testing::plain()), (Ids{259, 263, 262}));
    equal[4].score = -2;
    EXPECT_EQ(OpenedTokenizer(import(llama2c_tokenizer(equal))).encode("abc", testing::plain()), (Ids{265, 264}));
}

TEST(tokenizer_llama2c, has_a_merge_for_every_split_of_a_piece) {
    std::vector<testing::ScoredText> pieces = letters;
    pieces.push_back({"abc", 0});  // ab + c and a + bc
    EXPECT_EQ(import(llama2c_tokenizer(pieces)).merges.size(), 5u);
}

TEST(tokenizer_llama2c, falls_back_to_bytes) {
    const OpenedTokenizer t(import(llama2c_tokenizer(letters)));
    EXPECT_EQ(t.encode("\xc3\xa9\n", testing::plain()), (Ids{259, 3 + 0xc3, 3 + 0xa9, 3 + 10}));
    EXPECT_EQ(t.decode({1, 259, 3 + 0xc3, 3 + 0xa9, 3 + 10}), "\xc3\xa9\n");
}

TEST(tokenizer_llama2c, refuses_an_impossible_longest_piece) {
    for (const int32_t longest : {0, -1, INT32_MIN, 1 << 20})
        expect_refusal("E_RANGE", {"byte 0", std::to_string(longest).c_str()},
                       [&] { import(llama2c_tokenizer(letters, longest)); });
}

TEST(tokenizer_llama2c, refuses_impossible_piece_lengths) {
    for (const int32_t length : {0, -1, 17}) {
        std::string bytes = llama2c_tokenizer(letters);
        bytes.replace(8, 4, bytes_of(length));
        expect_refusal("E_RANGE", {"piece 0", "byte 8", std::to_string(length).c_str(), "[1, 16]"}, [&] { import(bytes); });
    }
}

TEST(tokenizer_llama2c, refuses_a_file_cut_within_a_piece) {
    const std::string whole = llama2c_tokenizer(letters);
    for (size_t cut = 1; cut < 10; cut++)  // the last piece has 4 + 4 + 2 bytes
        expect_refusal("E_TRUNC", {}, [&] { import(whole.substr(0, whole.size() - cut)); });
    expect_refusal("E_TRUNC", {"longest"}, [&] { import(whole.substr(0, 3)); });
}

TEST(tokenizer_llama2c, refuses_scores_that_are_not_numbers) {
    for (const float score : {NAN, INFINITY}) {
        std::vector<testing::ScoredText> pieces = letters;
        pieces[1].score = score;
        expect_refusal("E_NONFINITE", {"piece 260"}, [&] { import(llama2c_tokenizer(pieces)); });
    }
}

TEST(tokenizer_llama2c, uses_the_first_of_equal_pieces_and_notes_the_other) {
    std::vector<testing::ScoredText> pieces = letters;
    pieces.push_back({"ab", 5});
    const TemporaryFolder folder;
    std::vector<std::string> notes;
    const TokenizerModel m = import_tokenizer(folder.write("tokenizer.bin", llama2c_tokenizer(pieces)), notes);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("piece 266 repeats piece 263"), std::string::npos) << notes[0];
    EXPECT_EQ(OpenedTokenizer(m).encode("ab", testing::plain()), (Ids{259, 263}));
}

TEST(tokenizer_llama2c, takes_pieces_that_are_not_utf8_as_bytes) {
    std::vector<testing::ScoredText> pieces = letters;
    pieces.push_back({"\xff\xfe", -1});
    EXPECT_EQ(OpenedTokenizer(import(llama2c_tokenizer(pieces))).decode({266}), "\xff\xfe");
}

TEST(tokenizer_llama2c, refuses_a_vocabulary_without_byte_pieces) {
    expect_refusal("E_TOKEN", {"1 pieces", "259"},
                   [] { import(bytes_of(int32_t{5}) + bytes_of(0.0f) + bytes_of(int32_t{5}) + "<unk>"); });
    std::string bytes = llama2c_tokenizer(letters);
    bytes.replace(bytes.find("<0x07>"), 6, "<0x08>");
    expect_refusal("E_TOKEN", {"piece 10"}, [&] { import(bytes); });
}

}  // namespace
}  // namespace mote::tools
