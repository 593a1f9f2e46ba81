// Where training text is split into words, and where it may be cut.
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "tokenizer/train_split.h"

namespace mote::tools {
namespace {

using Texts = std::vector<std::string>;

const SpecialTexts no_specials({});

Texts pieces_of(const std::string& text, const SpecialTexts& specials = no_specials) {
    Texts out;
    Pieces pieces(text, specials);
    for (Pieces::Piece piece; pieces.next(piece);) out.push_back((piece.special ? "!" : "") + std::string(piece.text));
    return out;
}

TEST(train_split, follows_the_rule_of_gpt2) {
    EXPECT_EQ(pieces_of("I'll've don't"), (Texts{"I", "'ll", "'ve", " don", "'t"}));
    EXPECT_EQ(pieces_of("'start 'S"), (Texts{"'s", "tart", " '", "S"}));
    EXPECT_EQ(pieces_of("a1b22 33!?"), (Texts{"a", "1", "b", "22", " 33", "!?"}));
    EXPECT_EQ(pieces_of("a   b\n\nc \n"), (Texts{"a", "  ", " b", "\n", "\n", "c", " \n"}));
    EXPECT_EQ(pieces_of("\tx  "), (Texts{"\t", "x", "  "}));
    EXPECT_EQ(pieces_of(" "), Texts{" "});
}

TEST(train_split, knows_the_classes_of_unicode) {
    EXPECT_EQ(pieces_of("caf\xc3\xa9 \xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x8c\xc2\xbd"),
              (Texts{"caf\xc3\xa9", " \xe4\xbd\xa0\xe5\xa5\xbd", "\xef\xbc\x8c", "\xc2\xbd"}));
    EXPECT_EQ(pieces_of("a\xe3\x80\x80\xe3\x80\x80z"), (Texts{"a", "\xe3\x80\x80", "\xe3\x80\x80", "z"}));
    EXPECT_EQ(pieces_of("a\xff\xfe" "b"), (Texts{"a", "\xff\xfe", "b"}));
}

TEST(train_split, lets_no_word_cross_a_control_token) {
    const SpecialTexts specials({"<|end|>", "<|end|>of", "zz"});
    EXPECT_EQ(pieces_of("a <|end|>b", specials), (Texts{"a", " ", "!<|end|>", "b"}));
    EXPECT_EQ(pieces_of("<|end|>of<|end|><|end|", specials), (Texts{"!<|end|>of", "!<|end|>", "<|", "end", "|"}));
    EXPECT_EQ(pieces_of("zzz", specials), (Texts{"!zz", "z"}));
}

TEST(train_split, ends_a_word_at_the_greatest_length) {
    const std::string text(max_word_bytes + 5, 'a');
    EXPECT_EQ(first_word(text), max_word_bytes);
    EXPECT_EQ(first_word(std::string(max_word_bytes + 5, ' ')), max_word_bytes);
}

TEST(last_safe_cut, leaves_every_piece_as_it_is_without_the_cut) {
    const SpecialTexts specials({"<|a b|>", "|>x"});
    const std::string parts[] = {"word ", "<|a b|>", "  \n ", "don't", "123", "\xe4\xbd\xa0\xe5\xa5\xbd", "\xe3\x80\x80", "<|a", " b|>x", "!!"};
    uint32_t random = 1;
    for (int round = 0; round < 300; round++) {
        std::string text;
        while (text.size() < 60) text += parts[(random = random * 1664525 + 1013904223) >> 16 & 7], text += parts[8 + (random >> 20 & 1)];
        const size_t cut = last_safe_cut(text.substr(0, 50), specials);
        Texts both = pieces_of(text.substr(0, cut), specials);
        const Texts second = pieces_of(text.substr(cut), specials);
        both.insert(both.end(), second.begin(), second.end());
        ASSERT_EQ(both, pieces_of(text, specials)) << "cut at " << cut << ": " << text;
    }
}

TEST(last_safe_cut, finds_one_in_text_without_spaces) {
    EXPECT_GT(last_safe_cut(std::string(40, 'a') + std::string(40, '1'), no_specials), 0u);
    const SpecialTexts specials({"ab"});
    std::string text;
    for (int i = 0; i < 30; i++) text += "ab";
    EXPECT_GT(last_safe_cut(text, specials), 0u);
    EXPECT_EQ(last_safe_cut(std::string(80, 'a'), no_specials), 0u);
}

}  // namespace
}  // namespace mote::tools
