// encode: words that came before. What is remembered changes no token, of any kind of tokenizer, from one text to the next as well.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "support/random.h"
#include "support/tokenizers.h"

namespace mote {
namespace {

using testing::add_merge;
using testing::encode_all;
using testing::model_of_pieces;
using testing::open_test_tokenizer;
using testing::Random;
using testing::TestTokenizer;
using tools::TokenizerModel;

using Ids = std::vector<uint32_t>;

void add_scored(TokenizerModel& m, const std::string& text, float score) {
    m.pieces.push_back(text);
    m.lexicon.entries.push_back({text, uint32_t(m.pieces.size() - 1)});
    m.lexicon.scores.push_back(score);
}

float close_score(const std::string& text, Random& random) { return -3.0f * float(text.size()) + float(random.below(3)) * 0.001f; }

// All words of one to four letters, with spaces in front or not, by scores so close that rounding decides.
TokenizerModel close_scores(uint32_t sum_bytes, Random& random) {
    TokenizerModel m = model_of_pieces({"<unk>"});
    m.kind = TokenizerKind::unigram;
    m.unk = 0;
    m.lexicon.sum_bytes = sum_bytes;
    m.lexicon.scores = {0.0f};
    for (const std::string space : {"", " "})
        for (uint32_t code = 1; code < 3 * 3 * 3 * 3; code++) {
            std::string text = space;
            for (uint32_t rest = code; rest; rest /= 3)
                if (rest % 3) text += "_ab"[rest % 3];
            add_scored(m, text, close_score(text, random));
        }
    m.lexicon.lowest_score = -15.0f;
    m.lexicon.highest_score = -1.0f;
    return m;
}

// The same, but a piece that no text here has forbids to cut at spaces, and so to remember.
TokenizerModel without_words(TokenizerModel m) {
    add_scored(m, "q q", -14.0f);
    return m;
}

std::string words_of(Random& random, size_t words) {
    std::string text;
    for (size_t i = 0; i < words; i++) {
        for (uint64_t letters = random.below(7); letters; letters--) text += "aabbc"[random.below(5)];
        text += ' ';
    }
    return text;
}

TEST(remembered_words, change_no_path_however_large_the_sum_before_them) {
    Random random(1);
    for (const uint32_t sum_bytes : {4u, 8u}) {
        const TokenizerModel m = close_scores(sum_bytes, random);
        const TestTokenizer with = open_test_tokenizer(m), without = open_test_tokenizer(without_words(m));
        ASSERT_EQ(with.tokenizer.header().pre_tokenizer, PreTokenizer::each_space);
        ASSERT_EQ(without.tokenizer.header().pre_tokenizer, PreTokenizer::none);
        for (const size_t words : {40u, 1000u, 30000u}) {
            const std::string text = words_of(random, words);
            EXPECT_TRUE(encode_all(with.tokenizer, text) == encode_all(without.tokenizer, text)) << words << " words, sums of " << sum_bytes;
        }
    }
}

// A "c" is unknown; "bcc" is a piece of the same token, with a score of its own.
TEST(remembered_words, may_have_unknown_characters) {
    Random random(7);
    for (const uint32_t fuse : {0u, uint32_t(tokenizer_fuse_unk)}) {
        TokenizerModel m = close_scores(4, random);
        m.flags |= fuse;
        m.lexicon.entries.push_back({"bcc", m.unk});
        const TestTokenizer with = open_test_tokenizer(m), without = open_test_tokenizer(without_words(m));
        ASSERT_EQ(with.tokenizer.header().pre_tokenizer, PreTokenizer::each_space);
        for (const size_t words : {1000u, 30000u}) {
            const std::string text = words_of(random, words);
            EXPECT_TRUE(encode_all(with.tokenizer, text) == encode_all(without.tokenizer, text)) << words << " words, fused: " << fuse;
        }
    }
}

// The same, and a piece for each of some marks and digits, and for some of them together, with a space in front and without.
TokenizerModel with_marks(TokenizerModel m, Random& random) {
    for (const std::string text : {",", "-", "7", " ,", " 7", "-,", ",,", "7-", ",a", "-ab"})
        add_scored(m, text, close_score(text, random));
    return m;
}

// The same, but a piece that no text here has forbids to cut at seams.
TokenizerModel without_seams(TokenizerModel m) {
    add_scored(m, "q,", -14.0f);
    return m;
}

uint32_t seams_of(const TestTokenizer& t) {
    return reinterpret_cast<const LexiconTables*>(t.tokenizer.section + t.tokenizer.header().lexicon)->seams;
}

// Words of letters and marks, some of an unknown letter, some longer than those that are remembered.
std::string words_with_marks(Random& random, size_t words) {
    std::string text;
    for (size_t i = 0; i < words; i++) {
        for (uint64_t letters = random.below(i % 16 ? 9 : 40); letters; letters--) text += "aaaBbabc,-7"[random.below(i % 5 ? 11 : 7)];
        text += ' ';
    }
    std::replace(text.begin(), text.end(), 'B', 'b');
    return text;
}

TEST(remembered_words, may_be_put_together_from_parts_between_seams) {
    Random random(9);
    for (const uint32_t sum_bytes : {4u, 8u})
        for (const uint32_t fuse : {0u, uint32_t(tokenizer_fuse_unk)}) {
            TokenizerModel m = with_marks(close_scores(sum_bytes, random), random);
            m.flags |= fuse;
            const TestTokenizer with = open_test_tokenizer(m), without = open_test_tokenizer(without_seams(m));
            ASSERT_EQ(seams_of(with), 1u);
            ASSERT_EQ(seams_of(without), 0u);
            ASSERT_EQ(without.tokenizer.header().pre_tokenizer, PreTokenizer::each_space);
            for (const size_t words : {10u, 300u, 3000u, 30000u}) {
                const std::string text = words_with_marks(random, words);
                EXPECT_TRUE(encode_all(with.tokenizer, text) == encode_all(without.tokenizer, text)) << words << " words, sums of " << sum_bytes << ", fused: " << fuse;
            }
        }
}

TEST(remembered_words, have_seams_only_where_no_piece_goes_on_from_a_letter_to_a_mark) {
    Random random(10);
    const auto seams = [&](const std::string& piece) {
        TokenizerModel m = close_scores(4, random);
        m.lexicon.entries.push_back({piece, 1});
        return seams_of(open_test_tokenizer(m));
    };
    for (const char* piece : {".", ".a", " .", "1a", "ab", "\xc3\xa9.", "a\xc3\xa9", "a b", "a\x01", "a\x7f"}) EXPECT_EQ(seams(piece), 1u) << piece;
    for (const char* piece : {"a.", "Z!", "xa1", "z~", ".a.", "A@", "Z[", "a`", "z{", " a-"}) EXPECT_EQ(seams(piece), 0u) << piece;
}

TEST(remembered_words, are_those_of_texts_before_in_the_callers_memory) {
    Random random(2);
    const TestTokenizer with = open_test_tokenizer(close_scores(4, random));
    for (const size_t bytes : {60u, 64u, 200u, 64u * 1024u}) {
        std::vector<uint32_t> memory(bytes / 4 + 1);
        EncodeOptions options;
        options.words = {reinterpret_cast<uint8_t*>(memory.data()), bytes};
        memory.back() = 7;
        for (int i = 0; i < 200; i++) {
            const std::string text = words_of(random, random.below(60));
            ASSERT_EQ(encode_all(with.tokenizer, text, options), encode_all(with.tokenizer, text)) << text;
        }
        EXPECT_EQ(memory.back(), 7u) << "written behind the memory";
    }
}

TEST(remembered_words, of_misaligned_memory_are_refused) {
    const TestTokenizer t = open_test_tokenizer(model_of_pieces({"a"}));
    std::vector<uint32_t> memory(64), tokens(8);
    EncodeOptions options;
    options.words = {reinterpret_cast<uint8_t*>(memory.data()) + 1, 128};
    const Result<size_t> count = testing::try_encode(t.tokenizer, "a", options, tokens);
    EXPECT_EQ(count.fault.error, Error::alignment);
    EXPECT_EQ(count.fault.where, 1u);
}

// Characters of "ab \n", each a token, and these merges.
TokenizerModel merging(const std::vector<std::pair<std::string, std::string>>& merges) {
    TokenizerModel m = model_of_pieces({"a", "b", " ", "\n"});
    m.characters = {0, 1, 2, 3};
    for (uint32_t id = 0; id < 4; id++) m.byte_ids[uint8_t(m.pieces[id][0])] = id;
    for (const auto& [left, right] : merges) {
        const auto id_of = [&](const std::string& text) { return uint32_t(std::find(m.pieces.begin(), m.pieces.end(), text) - m.pieces.begin()); };
        add_merge(m, id_of(left), id_of(right));
    }
    return m;
}

// Ids of a text in memory that ends where it ends, with scratch full of spaces; and of its words one by one, too short to be remembered.
Ids encode_at_end_of_memory(const Tokenizer& t, const std::string& text, const EncodeOptions& options) {
    const std::unique_ptr<char[]> copy(new char[text.size()]);
    std::copy(text.begin(), text.end(), copy.get());
    std::vector<uint32_t> scratch(encode_scratch(t, text.size()).value / 4, 0x20202020);
    Ids tokens(encode_limit(t, text.size()));
    const Result<size_t> count = encode(t, {copy.get(), text.size()}, options, {reinterpret_cast<uint8_t*>(scratch.data()), scratch.size() * 4},
                                        {tokens.data(), tokens.size()});
    tokens.resize(count.ok() ? count.value : 0);
    return tokens;
}

Ids encode_words_alone(const Tokenizer& t, const std::string& text) {
    Ids all;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find(' ', begin + 1), text.size());
        const Ids own = encode_all(t, text.substr(begin, end - begin));
        all.insert(all.end(), own.begin(), own.end());
        begin = end;
    }
    return all;
}

// Words of up to 20 bytes, NUL among them.
std::string words_of_every_length(Random& random, size_t words) {
    std::string text;
    for (size_t i = 0; i < words; i++) {
        for (uint64_t letters = random.below(20); letters; letters--) text += "aabb\0"[random.below(5)];
        text += ' ';
    }
    return text + std::string(random.below(20), 'a');
}

// Enough merges for words that came before to be one to twenty tokens; with `pieces` so many that ids take 2 or 4 bytes.
TokenizerModel merging_zeros(size_t pieces) {
    TokenizerModel m = merging({{"a", "b"}, {" ", "a"}, {"a", "a"}, {"aa", "aa"}});
    m.pieces.push_back(std::string(1, '\0'));
    m.characters.insert(m.characters.begin(), uint32_t(m.pieces.size() - 1));
    m.byte_ids[0] = uint32_t(m.pieces.size() - 1);
    while (m.pieces.size() < pieces) m.pieces.push_back("unused " + std::to_string(m.pieces.size()));
    add_merge(m, 1, 1);  // the last id
    return m;
}

TEST(remembered_words, are_found_by_all_their_bytes) {
    Random random(5);
    for (const size_t pieces : {size_t(5), size_t(1) << 17}) {
        const TestTokenizer t = open_test_tokenizer(merging_zeros(pieces));
        std::vector<uint32_t> memory(4096);
        EncodeOptions options;
        options.words = {reinterpret_cast<uint8_t*>(memory.data()), memory.size() * 4};
        for (int i = 0; i < 100; i++) {
            const std::string text = words_of_every_length(random, random.below(40));
            const Ids expected = encode_words_alone(t.tokenizer, text);
            ASSERT_EQ(encode_at_end_of_memory(t.tokenizer, text, options), expected) << i;
            ASSERT_EQ(encode_at_end_of_memory(t.tokenizer, text, {}), expected) << i;
        }
    }
}

TEST(remembered_words, end_where_normalized_text_ends) {
    Random random(11);
    TokenizerModel m = close_scores(4, random);
    const TestTokenizer plain = open_test_tokenizer(m);
    m.flags |= tokenizer_squeeze_spaces;
    const TestTokenizer t = open_test_tokenizer(m);
    for (int i = 0; i < 300; i++) {
        const std::string text = words_of(random, random.below(40)) + "a";
        std::string squeezed;
        for (const char c : text)
            if (c != ' ' || (!squeezed.empty() && squeezed.back() != ' ')) squeezed += c;
        ASSERT_EQ(encode_at_end_of_memory(t.tokenizer, text, {}), encode_all(plain.tokenizer, squeezed)) << text;
    }
}

TEST(remembered_words, fill_the_callers_tokens_to_the_last_one_and_are_counted_behind_it) {
    Random random(6);
    const TestTokenizer bpe = open_test_tokenizer(merging_zeros(5)), unigram = open_test_tokenizer(close_scores(4, random));
    for (const Tokenizer* t : {&bpe.tokenizer, &unigram.tokenizer}) {
        const std::string text = words_of_every_length(random, 200);
        const Ids expected = encode_all(*t, text);
        for (const size_t missing : {0u, 1u, 2u, 7u, 100u}) {
            Ids tokens(expected.size() - missing);
            const Result<size_t> count = testing::try_encode(*t, text, {}, tokens);
            EXPECT_EQ(count.ok(), missing == 0);
            EXPECT_EQ(count.ok() ? count.value : size_t(count.fault.allowed), expected.size()) << missing;
            EXPECT_TRUE(std::equal(tokens.begin(), tokens.end(), expected.begin())) << missing;
        }
    }
}

// ---- where tokenizers are cut at spaces

PreTokenizer cut_of(const TokenizerModel& m) { return open_test_tokenizer(m).tokenizer.header().pre_tokenizer; }

TEST(remembered_words, are_cut_only_where_no_token_reaches_across) {
    EXPECT_EQ(cut_of(merging({{" ", "a"}})), PreTokenizer::each_space);
    EXPECT_EQ(cut_of(merging({{" ", "a"}, {" ", " "}})), PreTokenizer::first_space);
    EXPECT_EQ(cut_of(merging({{"a", " "}})), PreTokenizer::none);
    EXPECT_EQ(cut_of(merging({{" ", " "}, {"\n", "a"}})), PreTokenizer::none);
    TokenizerModel symbol = merging({{" ", "a"}});
    symbol.lexicon.entries.push_back({"b a", 1});
    EXPECT_EQ(cut_of(symbol), PreTokenizer::none);
    TokenizerModel fused = merging({{" ", " "}});
    fused.flags = tokenizer_fuse_unk;
    fused.byte_ids['\n'] = no_token;
    EXPECT_EQ(cut_of(fused), PreTokenizer::none);
    fused.merges.clear();
    EXPECT_EQ(cut_of(fused), PreTokenizer::each_space);
}

}  // namespace
}  // namespace mote
