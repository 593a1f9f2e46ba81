// encode: merges against the plainest way to make them, cuts against a regular expression, and the ends of every buffer.
#include <gtest/gtest.h>

#include <regex>

#include "support/models.h"
#include "support/random.h"
#include "support/tokenizers.h"

namespace mote {
namespace {

using testing::add_merge;
using testing::decode_all;
using testing::encode_all;
using testing::model_of_pieces;
using testing::open_test_tokenizer;
using testing::Random;
using testing::TestTokenizer;
using testing::try_encode;
using tools::MergeRule;
using tools::TokenizerModel;

using Ids = std::vector<uint32_t>;

// ---- merges

// Again and again the pair of lowest rank, leftmost among equals.
Ids merge_plainly(const TokenizerModel& m, Ids ids) {
    for (;;) {
        const MergeRule* best = nullptr;
        size_t at = 0;
        for (size_t i = 0; i + 1 < ids.size(); i++)
            for (const MergeRule& rule : m.merges)
                if (rule.left == ids[i] && rule.right == ids[i + 1] && (!best || rule.rank < best->rank)) best = &rule, at = i;
        if (!best) return ids;
        ids[at] = best->merged;
        ids.erase(ids.begin() + long(at) + 1);
    }
}

// Tokens of one character each for an alphabet, and random merges of what there is.
TokenizerModel random_merges(const std::string& alphabet, int merges, Random& random) {
    TokenizerModel m = model_of_pieces({});
    for (const char c : alphabet) {
        m.characters.push_back(uint32_t(m.pieces.size()));
        m.byte_ids[uint8_t(c)] = uint32_t(m.pieces.size());
        m.pieces.push_back(std::string(1, c));
    }
    for (int i = 0; i < merges; i++) {
        const uint32_t left = uint32_t(random.below(m.pieces.size())), right = uint32_t(random.below(m.pieces.size()));
        bool known = m.pieces[left].size() + m.pieces[right].size() > 12;
        for (const MergeRule& rule : m.merges) known = known || (rule.left == left && rule.right == right);
        if (!known) add_merge(m, left, right);
    }
    return m;
}

std::string random_text(const std::string& alphabet, size_t length, Random& random) {
    std::string text;
    while (text.size() < length) text += alphabet[random.below(alphabet.size())];
    return text;
}

Ids bytes_as_ids(const TokenizerModel& m, const std::string& text) {
    Ids ids;
    for (const char c : text) ids.push_back(m.byte_ids[uint8_t(c)]);
    return ids;
}

TEST(encode, merges_as_the_plainest_loop_does) {
    Random random(1);
    for (int round = 0; round < 300; round++) {
        const TokenizerModel m = random_merges("abcd", 30, random);
        const TestTokenizer t = open_test_tokenizer(m);
        for (int i = 0; i < 20; i++) {
            const std::string text = random_text("abcd", 1 + random.below(60), random);
            ASSERT_EQ(encode_all(t.tokenizer, text), merge_plainly(m, bytes_as_ids(m, text))) << text;
        }
    }
}

TEST(encode, merges_long_runs_leftmost_first) {
    TokenizerModel m = model_of_pieces({"a"});
    m.characters = {0};
    add_merge(m, 0, 0);  // aa
    add_merge(m, 1, 1);  // aaaa
    const TestTokenizer t = open_test_tokenizer(m);
    EXPECT_EQ(encode_all(t.tokenizer, "aaa"), (Ids{1, 0}));
    EXPECT_EQ(encode_all(t.tokenizer, "aaaaa"), (Ids{2, 0}));
    EXPECT_EQ(encode_all(t.tokenizer, "aaaaaaa"), (Ids{2, 1, 0}));
    EXPECT_EQ(encode_all(t.tokenizer, std::string(4000, 'a')), Ids(1000, 2));
}

TEST(encode, of_nothing_is_nothing_but_the_tokens_around_it) {
    TokenizerModel m = model_of_pieces({"<s>", "</s>", "a"});
    m.characters = {2};
    m.specials = {0, 1};
    m.bos = 0, m.eos = 1;
    const TestTokenizer plain = open_test_tokenizer(m);
    EXPECT_EQ(encode_all(plain.tokenizer, ""), Ids{});
    m.flags = tokenizer_add_bos | tokenizer_add_eos;
    const TestTokenizer both = open_test_tokenizer(m);
    EXPECT_EQ(encode_all(both.tokenizer, ""), (Ids{0, 1}));
    EXPECT_EQ(encode_all(both.tokenizer, "a"), (Ids{0, 2, 1}));
    EncodeOptions bare;
    bare.add_special = false;
    EXPECT_EQ(encode_all(both.tokenizer, "a", bare), Ids{2});
}

// ---- tokens found whole

TokenizerModel with_conditions() {
    TokenizerModel m = model_of_pieces({"<m>", "<mm>", "a", "b", " ", "ab", "\xc3\xa9"});
    m.characters = {2, 3, 4, 6};
    m.specials = {0, 1};
    m.added = {5};
    return m;
}

Ids with_control(const TokenizerModel& m, const std::string& text, Span<const TextRange> quoted = {}) {
    EncodeOptions options;
    options.parse_special = true;
    options.quoted = quoted;
    return encode_all(open_test_tokenizer(m).tokenizer, text, options);
}

TEST(encode, leaves_out_white_space_that_a_token_takes) {
    TokenizerModel m = with_conditions();
    m.byte_ids['<'] = m.byte_ids['m'] = m.byte_ids['>'] = m.byte_ids['\t'] = 2;
    m.whole = {{0, whole_strips_left, false, "<m>"}, {1, whole_strips_right, false, "<mm>"}, {5, 0, false, "ab"}};
    EXPECT_EQ(with_control(m, " a \t\u3000<m> b"), (Ids{4, 2, 0, 4, 3}));
    EXPECT_EQ(with_control(m, "  <m>"), Ids{0});
    EXPECT_EQ(with_control(m, "<mm> \u2029 <m>  "), (Ids{1, 0, 4, 4}));
    EXPECT_EQ(with_control(m, "<mm>  a<m>"), (Ids{1, 2, 0}));
    const TextRange all{0, 5}, first{0, 1};
    EXPECT_EQ(with_control(m, " <m> ", {&all, 1}), (Ids{4, 2, 2, 2, 4}));
    EXPECT_EQ(with_control(m, " <m> ", {&first, 1}), (Ids{0, 4}));  // white space may be quoted
    EXPECT_EQ(encode_all(open_test_tokenizer(m).tokenizer, " <m>ab"), (Ids{4, 2, 2, 2, 5}));
}

TEST(encode, finds_words_of_their_own_between_what_is_no_word) {
    TokenizerModel m = with_conditions();
    m.byte_ids['_'] = m.byte_ids['.'] = 3;
    m.whole = {{5, whole_single_word, false, "ab"}};
    EXPECT_EQ(encode_all(open_test_tokenizer(m).tokenizer, "ab ab.ab"), (Ids{5, 4, 5, 3, 5}));
    EXPECT_EQ(encode_all(open_test_tokenizer(m).tokenizer, "abab"), (Ids{2, 3, 2, 3}));
    EXPECT_EQ(encode_all(open_test_tokenizer(m).tokenizer, "_ab ab\u00e9ab"), (Ids{3, 2, 3, 4, 2, 3, 6, 2, 3}));
    m.byte_ids[0xff] = m.byte_ids[0xa9] = 4;  // no characters, and so none of words
    EXPECT_EQ(encode_all(open_test_tokenizer(m).tokenizer, "\xff" "ab\xa9" "ab"), (Ids{4, 5, 4, 5}));
}

TEST(encode, looks_for_tokens_of_normalized_text_after_the_others) {
    TokenizerModel m = with_conditions();
    m.normalizer.present = m.normalizer.keeps_invalid = true;
    m.normalizer.rules = {{"A", "a"}, {"B", "b"}};
    m.flags = tokenizer_prefix_space | tokenizer_prefix_every | tokenizer_fold_space;
    m.whole = {{0, 0, false, "<m>"}, {5, 0, true, " ab"}};
    EXPECT_EQ(with_control(m, "AB<m>aB ab aab"), (Ids{5, 0, 5, 5, 4, 2, 2, 3}));
    m.flags |= tokenizer_prefix_missing;
    m.whole[1].text = "ab";
    EXPECT_EQ(with_control(m, "AB<m>aab"), (Ids{5, 0, 4, 2, 5}));
}

// ---- characters, bytes, unknown

TEST(encode, takes_whole_characters_then_bytes_then_unknown) {
    TokenizerModel m = model_of_pieces({"<unk>", "é", "\xe2", "\x82", "\xac", "a"});
    m.unk = 0;
    m.characters = {1, 5};
    m.byte_ids[0xe2] = 2, m.byte_ids[0x82] = 3, m.byte_ids[0xac] = 4;
    const TestTokenizer t = open_test_tokenizer(m);
    EXPECT_EQ(encode_all(t.tokenizer, "é"), Ids{1});
    EXPECT_EQ(encode_all(t.tokenizer, "€"), (Ids{2, 3, 4}));
    EXPECT_EQ(encode_all(t.tokenizer, "aßa"), (Ids{5, 0, 5}));       // one unknown for a character of two bytes
    EXPECT_EQ(encode_all(t.tokenizer, "ßß"), (Ids{0, 0}));
    EXPECT_EQ(encode_all(t.tokenizer, "\xe2\x82"), (Ids{2, 3}));      // a character cut short is bytes
    EXPECT_EQ(encode_all(t.tokenizer, "\xff"), Ids{0});
}

TEST(encode, fuses_neighbouring_unknown_characters_if_told_to) {
    TokenizerModel m = model_of_pieces({"<unk>", "a"});
    m.unk = 0;
    m.characters = {1};
    m.flags = tokenizer_fuse_unk;
    const TestTokenizer t = open_test_tokenizer(m);
    EXPECT_EQ(encode_all(t.tokenizer, "xyaßz"), (Ids{0, 1, 0}));
}

TEST(encode, says_which_byte_no_token_covers) {
    TokenizerModel m = model_of_pieces({"a"});
    m.characters = {0};
    const TestTokenizer t = open_test_tokenizer(m);
    Ids tokens(10);
    const Fault f = try_encode(t.tokenizer, "aaab", {}, tokens).fault;
    EXPECT_EQ(f.error, Error::missing);
    EXPECT_EQ(f.where, 3u);
    EXPECT_EQ(f.found, uint64_t('b'));
}

TEST(encode, puts_a_space_in_front_and_folds_its_sign_if_told_to) {
    TokenizerModel m = model_of_pieces({" ", "a", "b"});
    m.characters = {0, 1, 2};
    m.flags = tokenizer_prefix_space | tokenizer_fold_space;
    const TestTokenizer t = open_test_tokenizer(m);
    EXPECT_EQ(encode_all(t.tokenizer, "ab"), (Ids{0, 1, 2}));
    EXPECT_EQ(encode_all(t.tokenizer, ""), Ids{});
    EXPECT_EQ(encode_all(t.tokenizer, "a\xe2\x96\x81" "b"), (Ids{0, 1, 0, 2}));
    EXPECT_EQ(encode_all(t.tokenizer, " a"), (Ids{0, 0, 1}));
}

// ---- control tokens

TEST(encode, makes_control_tokens_from_text_only_if_asked) {
    TokenizerModel m = model_of_pieces({"<s>", "<s>>", "<", "s", ">", "a"});
    m.specials = {0, 1};
    m.characters = {2, 3, 4, 5};
    const TestTokenizer t = open_test_tokenizer(m);
    EXPECT_EQ(encode_all(t.tokenizer, "a<s>a"), (Ids{5, 2, 3, 4, 5}));
    EncodeOptions parse;
    parse.parse_special = true;
    EXPECT_EQ(encode_all(t.tokenizer, "a<s>a", parse), (Ids{5, 0, 5}));
    EXPECT_EQ(encode_all(t.tokenizer, "<s>>", parse), Ids{1});  // the longest
    EXPECT_EQ(encode_all(t.tokenizer, "<s><s>>><s", parse), (Ids{0, 1, 4, 2, 3}));
}

TEST(encode, has_room_for_a_space_behind_every_control_token_of_one_byte) {
    TokenizerModel m = model_of_pieces({" ", "a", "#"});
    m.specials = {2};
    m.characters = {0, 1};
    m.flags = tokenizer_prefix_space | tokenizer_prefix_every;
    const TestTokenizer t = open_test_tokenizer(m);
    EncodeOptions parse;
    parse.parse_special = true;
    EXPECT_EQ(encode_all(t.tokenizer, "#a#a#a#a#a", parse), (Ids{2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1}));
}

// ---- the split rule of GPT-2

// With merges for every pair of the alphabet, a cut in the wrong place changes the tokens.
TEST(gpt2_splits, are_those_of_the_regular_expression) {
    const std::string alphabet = "aZ5.' \n\tstred";
    Random random(2);
    TokenizerModel m = random_merges(alphabet, 400, random);
    m.pre_tokenizer = PreTokenizer::gpt2;
    const TestTokenizer t = open_test_tokenizer(m);
    const std::regex rule("'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\\sA-Za-z0-9]+|\\s+(?!\\S)|\\s+");
    for (int round = 0; round < 3000; round++) {
        const std::string text = random_text(alphabet, 1 + random.below(25), random);
        Ids expected;
        for (std::sregex_iterator i(text.begin(), text.end(), rule), end; i != end; ++i)
            for (const uint32_t id : merge_plainly(m, bytes_as_ids(m, i->str()))) expected.push_back(id);
        ASSERT_EQ(encode_all(t.tokenizer, text), expected) << '"' << text << '"';
    }
}

TEST(gpt2_splits, know_letters_numbers_and_spaces_beyond_ascii) {
    TokenizerModel m = model_of_pieces({"é", "я", "²", "\xc2\xa0", "a", " ", "—"});
    m.characters = {0, 1, 2, 3, 4, 5, 6};
    for (uint32_t left = 0; left < 7; left++)
        for (uint32_t right = 0; right < 7; right++) add_merge(m, left, right);
    m.pre_tokenizer = PreTokenizer::gpt2;
    const TestTokenizer t = open_test_tokenizer(m);
    const auto merged = [&](uint32_t left, uint32_t right) { return m.merges[left * 7 + right].merged; };
    EXPECT_EQ(encode_all(t.tokenizer, "éя"), Ids{merged(0, 1)});               // letters of any script
    EXPECT_EQ(encode_all(t.tokenizer, "a²"), (Ids{4, 2}));                     // a superscript is a number
    EXPECT_EQ(encode_all(t.tokenizer, "a\xc2\xa0\xc2\xa0" "a"), (Ids{4, 3, 3, 4}));  // of two spaces the last stands alone
    EXPECT_EQ(encode_all(t.tokenizer, "a—"), (Ids{4, 6}));
    EXPECT_EQ(encode_all(t.tokenizer, " я"), Ids{merged(5, 1)});
}

// ---- buffers

TEST(encode, reports_how_many_tokens_it_needs_and_writes_none_past_the_end) {
    Random random(3);
    const TokenizerModel m = random_merges("abc", 12, random);
    const TestTokenizer t = open_test_tokenizer(m);
    for (size_t length = 1; length < 60; length++) {
        const std::string text = random_text("abc", length, random);
        const Ids expected = encode_all(t.tokenizer, text);
        for (size_t room = 0; room < expected.size(); room++) {
            Ids tokens(expected.size() + 4, 0xa5a5a5a5);
            std::vector<uint32_t> scratch(encode_scratch(t.tokenizer, length).value / 4);
            const Fault f = encode(t.tokenizer, {text.data(), length}, {}, {reinterpret_cast<uint8_t*>(scratch.data()), scratch.size() * 4},
                                   {tokens.data(), room}).fault;
            ASSERT_EQ(f.error, Error::buffer_too_small);
            ASSERT_EQ(f.where, 0u);
            ASSERT_EQ(f.found, room);
            ASSERT_EQ(f.allowed, expected.size());
            for (size_t i = room; i < tokens.size(); i++) ASSERT_EQ(tokens[i], 0xa5a5a5a5u);
        }
        Ids tokens(expected.size());
        ASSERT_EQ(try_encode(t.tokenizer, text, {}, tokens).value, expected.size());
    }
}

TEST(encode, refuses_scratch_that_is_too_small_and_never_leaves_it) {
    Random random(4);
    const TestTokenizer t = open_test_tokenizer(random_merges("abc", 12, random));
    const std::string text = random_text("abc", 37, random);
    const size_t needed = encode_scratch(t.tokenizer, 37).value;
    testing::AlignedBytes scratch(needed + 64);
    std::memset(scratch.data(), 0x5a, scratch.size());
    Ids tokens(40);
    for (size_t size = 0; size < needed; size++) {
        const Fault f = encode(t.tokenizer, {text.data(), 37}, {}, {scratch.data(), size}, {tokens.data(), 40}).fault;
        ASSERT_EQ(f.error, Error::buffer_too_small);
        ASSERT_EQ(f.where, 1u);
        ASSERT_EQ(f.found, size);
        ASSERT_EQ(f.allowed, needed);
    }
    ASSERT_TRUE(encode(t.tokenizer, {text.data(), 37}, {}, {scratch.data(), needed}, {tokens.data(), 40}).ok());
    for (size_t i = needed; i < scratch.size(); i++) ASSERT_EQ(scratch[i], 0x5a);
}

TEST(encode, refuses_null_and_misaligned_buffers_and_texts_beyond_31_bits) {
    Random random(5);
    const TestTokenizer t = open_test_tokenizer(random_merges("abc", 3, random));
    testing::AlignedBytes scratch(200);
    Ids tokens(8);
    const Span<uint32_t> out{tokens.data(), 8};
    EXPECT_EQ(encode(Tokenizer{}, {"a", 1}, {}, {scratch.data(), 200}, out).fault.error, Error::unsupported);
    EXPECT_EQ(encode(t.tokenizer, {nullptr, 1}, {}, {scratch.data(), 200}, out).fault.error, Error::argument);
    EXPECT_EQ(encode(t.tokenizer, {"a", 1}, {}, {scratch.data(), 200}, {nullptr, 8}).fault.error, Error::argument);
    EXPECT_EQ(encode(t.tokenizer, {"a", 1}, {}, {scratch.data() + 1, 199}, out).fault.error, Error::alignment);
    EXPECT_EQ(encode(t.tokenizer, {"a", size_t(1) << 31}, {}, {scratch.data(), 200}, out).fault.error, Error::limit);
    EXPECT_EQ(encode(t.tokenizer, {"a", size_t(1) << 40}, {}, {scratch.data(), 200}, out).fault.error, Error::limit);
    EXPECT_FALSE(encode_scratch(t.tokenizer, SIZE_MAX).ok());
    EXPECT_FALSE(encode_scratch(t.tokenizer, SIZE_MAX / 20).ok());
}

// ---- there and back

TEST(encode, of_any_bytes_decodes_to_the_same_bytes) {
    const testing::TestModel m = testing::make_model("llama:dim=8,layers=1,heads=1,hidden=8,vocab=259,context=8");
    Random random(6);
    for (int round = 0; round < 100000; round++) {
        std::string text(random.below(40), '\0');
        for (char& c : text) c = char(random.next());
        if (round % 4 == 0)  // much that looks like UTF-8
            for (char& c : text) c = "\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9 a\xed\xa0\x80"[random.below(14)];
        const Ids ids = encode_all(m.model.tokenizer, text);
        ASSERT_EQ(ids.front(), 1u);
        ASSERT_EQ(ids.size(), text.size() + 1);
        ASSERT_EQ(decode_all(m.model.tokenizer, ids), text) << "round " << round;
    }
}

}  // namespace
}  // namespace mote
