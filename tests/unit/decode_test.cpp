// decode: text that is never cut inside a character, whatever the tokens are.
#include <gtest/gtest.h>

#include "support/random.h"
#include "support/tokenizers.h"

namespace mote {
namespace {

using testing::decode_all;
using testing::decode_steps;
using testing::model_of_pieces;
using testing::open_test_tokenizer;
using testing::Random;
using testing::TestTokenizer;
using tools::TokenizerModel;

using Ids = std::vector<uint32_t>;

// Whether bytes are whole characters of UTF-8, by the table of the Unicode standard (3-7).
bool is_utf8(const std::string& s) {
    for (size_t i = 0; i < s.size();) {
        const auto byte = [&](size_t k) { return i + k < s.size() ? uint8_t(s[i + k]) : 0u; };
        const auto in = [&](size_t k, unsigned low, unsigned high) { return byte(k) >= low && byte(k) <= high; };
        size_t n = 0;
        if (in(0, 0, 0x7f)) n = 1;
        else if (in(0, 0xc2, 0xdf) && in(1, 0x80, 0xbf)) n = 2;
        else if (in(0, 0xe0, 0xe0) && in(1, 0xa0, 0xbf) && in(2, 0x80, 0xbf)) n = 3;
        else if (in(0, 0xe1, 0xec) && in(1, 0x80, 0xbf) && in(2, 0x80, 0xbf)) n = 3;
        else if (in(0, 0xed, 0xed) && in(1, 0x80, 0x9f) && in(2, 0x80, 0xbf)) n = 3;
        else if (in(0, 0xee, 0xef) && in(1, 0x80, 0xbf) && in(2, 0x80, 0xbf)) n = 3;
        else if (in(0, 0xf0, 0xf0) && in(1, 0x90, 0xbf) && in(2, 0x80, 0xbf) && in(3, 0x80, 0xbf)) n = 4;
        else if (in(0, 0xf1, 0xf3) && in(1, 0x80, 0xbf) && in(2, 0x80, 0xbf) && in(3, 0x80, 0xbf)) n = 4;
        else if (in(0, 0xf4, 0xf4) && in(1, 0x80, 0x8f) && in(2, 0x80, 0xbf) && in(3, 0x80, 0xbf)) n = 4;
        if (n == 0) return false;
        i += n;
    }
    return true;
}

// The pieces of `text` when it is cut after byte i for each bit i of `cuts`.
std::vector<std::string> cut(const std::string& text, uint64_t cuts) {
    std::vector<std::string> pieces(1);
    for (size_t i = 0; i < text.size(); i++) {
        pieces.back() += text[i];
        if (cuts >> i & 1u && i + 1 < text.size()) pieces.emplace_back();
    }
    return pieces;
}

Ids count_up(size_t n) {
    Ids ids;
    for (uint32_t i = 0; i < n; i++) ids.push_back(i);
    return ids;
}

TEST(decode, gives_whole_characters_for_every_split_of_a_text) {
    for (const std::string text : {"aé€😀", "é€a€é", "😀😀a", "\u07ff\u0800\uffff", "\U00010000\U0010ffff", "\ud7ff\ue000x"})
        for (uint64_t cuts = 0; cuts < 1ull << (text.size() - 1); cuts++) {
            const std::vector<std::string> pieces = cut(text, cuts);
            const TestTokenizer t = open_test_tokenizer(model_of_pieces(pieces));
            std::string so_far, given;
            const std::vector<std::string> steps = decode_steps(t.tokenizer, count_up(pieces.size()));
            for (size_t i = 0; i < pieces.size(); i++) {
                ASSERT_TRUE(is_utf8(steps[i])) << text << " cuts " << cuts << " step " << i;
                so_far += steps[i];
                given += pieces[i];
                ASSERT_GE(so_far.size() + 3, given.size()) << "held back more than an unfinished character";
                ASSERT_TRUE(!is_utf8(given) || so_far == given) << "held back a whole character";
            }
            ASSERT_EQ(so_far, text) << "cuts " << cuts;
            ASSERT_EQ(steps.back(), "");
        }
}

TEST(decode, passes_any_bytes_through_in_order) {
    Random random(1);
    const std::string bytes = "\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9 a\xed\xa0\x80\xf4\x90\xff\xc0\xe0";
    for (int round = 0; round < 20000; round++) {
        std::vector<std::string> pieces;
        std::string text;
        for (size_t n = 1 + random.below(12); n > 0; n--) {
            std::string piece;
            for (size_t k = random.below(6); k > 0; k--) piece += bytes[random.below(bytes.size())];
            pieces.push_back(piece);
            text += piece;
        }
        const TestTokenizer t = open_test_tokenizer(model_of_pieces(pieces));
        const std::vector<std::string> steps = decode_steps(t.tokenizer, count_up(pieces.size()));
        std::string joined;
        for (const std::string& s : steps) joined += s;
        ASSERT_EQ(joined, text) << "round " << round;
        ASSERT_LE(steps.back().size(), 3u);
    }
}

TEST(decode, holds_no_byte_that_can_never_become_a_character) {
    const TestTokenizer t = open_test_tokenizer(model_of_pieces({"\xe2", "\xff", "\xc0", "\xed", "\xa0", "\x80", "x"}));
    EXPECT_EQ(decode_steps(t.tokenizer, {0, 6}), (std::vector<std::string>{"", "\xe2x", ""}));
    EXPECT_EQ(decode_steps(t.tokenizer, {1}), (std::vector<std::string>{"\xff", ""}));
    EXPECT_EQ(decode_steps(t.tokenizer, {2}), (std::vector<std::string>{"\xc0", ""}));
    EXPECT_EQ(decode_steps(t.tokenizer, {3, 4}), (std::vector<std::string>{"", "\xed\xa0", ""}));  // a surrogate
    EXPECT_EQ(decode_steps(t.tokenizer, {5}), (std::vector<std::string>{"\x80", ""}));
    EXPECT_EQ(decode_steps(t.tokenizer, {0, 0}), (std::vector<std::string>{"", "\xe2", "\xe2"}));
}

TEST(decode, flushes_what_is_held_once) {
    const TestTokenizer t = open_test_tokenizer(model_of_pieces({"\xf0\x9f\x98", "\x80"}));
    Decoder d;
    d.tokenizer = &t.tokenizer;
    (void)decode(d, 0);
    EXPECT_EQ(testing::text_of(flush(d)), "\xf0\x9f\x98");
    EXPECT_EQ(testing::text_of(flush(d)), "");
    const DecodedText next = decode(d, 1);
    EXPECT_EQ(testing::text_of(next.head) + testing::text_of(next.body), "\x80");
}

TEST(decode, takes_away_the_space_that_encode_put_in_front) {
    TokenizerModel m = model_of_pieces({"<s>", " a", " ", "b"});
    m.specials = {0};
    m.flags = tokenizer_prefix_space;
    const TestTokenizer t = open_test_tokenizer(m);
    EXPECT_EQ(decode_all(t.tokenizer, {0, 1, 1}), "a a");
    EXPECT_EQ(decode_all(t.tokenizer, {2, 1}), " a");
    EXPECT_EQ(decode_all(t.tokenizer, {3, 1}), "b a");
}

TEST(decode, leaves_control_tokens_out_unless_asked) {
    TokenizerModel m = model_of_pieces({"<s>", "a"});
    m.specials = {0};
    const TestTokenizer t = open_test_tokenizer(m);
    EXPECT_EQ(decode_all(t.tokenizer, {0, 1, 0}), "a");
    EXPECT_EQ(decode_all(t.tokenizer, {0, 1, 0}, true), "<s>a<s>");
}

TEST(decode, gives_nothing_for_ids_outside_the_vocabulary) {
    const TestTokenizer t = open_test_tokenizer(model_of_pieces({"a"}));
    EXPECT_EQ(decode_all(t.tokenizer, {1, 0xffffffffu, 0, 2}), "a");
    EXPECT_EQ(piece(t.tokenizer, 1).count, 0u);
    EXPECT_EQ(piece(t.tokenizer, 0xffffffffu).count, 0u);
    EXPECT_EQ(piece(Tokenizer{}, 0).count, 0u);
    EXPECT_FALSE(is_special(Tokenizer{}, 0));
}

}  // namespace
}  // namespace mote
