// Tokenizers from text: against a reference, there and back, and the same however the work is divided.
#include <gtest/gtest.h>
#include <algorithm>
#include <set>
#include <sstream>

#include "make_checkpoint.h"
#include "opened_tokenizer.h"
#include "refusal.h"
#include "shared_data.h"
#include "tokenizer/bpe.h"
#include "tokenizer/tokenizer_import.h"
#include "tokenizer/train_tokenizer.h"
#include "tokenizer/train_wordpiece.h"
#include "tokenizer/write_tokenizer_json.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;
using testing::Json;
using testing::OpenedTokenizer;
using testing::read_file;
using testing::shared_data;
using testing::TemporaryFolder;

using Ids = std::vector<uint32_t>;

TrainTokenizerOptions options_of(TokenizerType type, uint32_t vocab) {
    TrainTokenizerOptions o;
    o.type = type;
    o.vocab = vocab;
    return o;
}

TokenizerModel train_on(const std::string& text, const TrainTokenizerOptions& options) {
    const TemporaryFolder folder;
    return train_tokenizer({folder.write("text", text)}, options).model;
}

TokenizerModel train_on(const std::string& text, uint32_t vocab) { return train_on(text, options_of(TokenizerType::bpe, vocab)); }

std::string written(const TokenizerModel& model, size_t merge) {
    std::string out;
    for (const uint32_t part : {model.merges[merge].left, model.merges[merge].right}) {
        if (!out.empty()) out += ' ';
        for (const char& c : model.pieces[part]) out += byte_to_alphabet(uint8_t(c));
    }
    return out;
}

void expect_reads_back(const TokenizerModel& model) {
    const TemporaryFolder folder;
    folder.write("tokenizer_config.json", tokenizer_config_json(model));
    std::vector<std::string> notes;
    const TokenizerModel back = import_tokenizer(folder.write("tokenizer.json", tokenizer_json(model, "test")), notes);
    EXPECT_EQ(back.pieces, model.pieces);
    EXPECT_EQ(back.byte_ids, model.byte_ids);
    EXPECT_EQ(back.characters, model.characters);
    EXPECT_EQ(back.specials, model.specials);
    EXPECT_EQ(back.flags, model.flags);
    EXPECT_EQ(back.pre_tokenizer, model.pre_tokenizer);
    EXPECT_EQ(back.bos, model.bos);
    EXPECT_EQ(back.eos, model.eos);
    EXPECT_EQ(back.unk, model.unk);
    ASSERT_EQ(back.merges.size(), model.merges.size());
    for (size_t i = 0; i < model.merges.size(); i++) {
        const MergeRule &a = back.merges[i], &b = model.merges[i];
        EXPECT_TRUE(a.left == b.left && a.right == b.right && a.merged == b.merged && a.rank == b.rank) << "merge " << i;
    }
    EXPECT_TRUE(notes.empty());
}

// Text with every difficulty of the split rule, different from line to line.
std::string varied_text() {
    std::string text;
    for (int i = 0; i < 400; i++)
        text += "Line " + std::to_string(i * i) + ": don't we'll  caf\xc3\xa9\t\xe4\xbd\xa0\xe5\xa5\xbd" + std::string(size_t(i % 5), '\n') + "<|endoftext|>" +
                std::string(size_t(i % 3), ' ') + "x\xe3\x80\x80y" + std::string(size_t(i % 7), '!') + "\n";
    return text;
}

// ---- the reference

TEST(train_bpe, makes_the_merges_and_ids_of_the_reference) {
    MOTE_NEEDS("tokenizers/bpe_training/corpus.en");
    const TokenizerModel m =
        train_tokenizer({shared_data("tokenizers/bpe_training/corpus.en")}, options_of(TokenizerType::bpe, 500)).model;
    std::istringstream lines(read_file(shared_data("tokenizers/bpe_training/train-bpe-reference-merges.txt")));
    size_t merges = 0;
    for (std::string line; std::getline(lines, line); merges++) EXPECT_EQ(written(m, merges), line) << "merge " << merges;
    EXPECT_EQ(merges, 243u);
    EXPECT_EQ(m.merges.size(), 243u);
    const Json file = Json::parse(tokenizer_json(m, "test"));
    EXPECT_EQ(file["model"]["vocab"], Json::parse(read_file(shared_data("tokenizers/bpe_training/train-bpe-reference-vocab.json"))));
}

TEST(train_bpe, merges_the_most_frequent_pair_and_of_equal_ones_the_greater) {
    const TokenizerModel m = train_on("ab ab ab cd cd cd ef", 261);
    ASSERT_EQ(m.merges.size(), 4u);
    EXPECT_EQ(written(m, 0), "c d");  // 3 like a b, but greater
    EXPECT_EQ(written(m, 1), "a b");  // a space comes before a
    EXPECT_EQ(written(m, 2), "\xc4\xa0 cd");
    EXPECT_EQ(written(m, 3), "\xc4\xa0 ab");
}

TEST(train_bpe, counts_pairs_that_overlap) {
    const TokenizerModel m = train_on("aaaaa", 260);
    ASSERT_EQ(m.merges.size(), 3u);
    EXPECT_EQ(written(m, 0), "a a");
    EXPECT_EQ(written(m, 1), "aa aa");
    EXPECT_EQ(written(m, 2), "aaaa a");
}

TEST(train_bpe, keeps_one_token_for_a_piece_that_two_merges_make) {
    // abc is a+bc where bc comes first, and ab+c where ab does.
    const TokenizerModel m = train_on("xbc\nxbc\nxbc\nxbc\nxbc\nabc\nabc\nab\nab\nab\nab\nab\nab\nabcabd\n", 300);
    const std::set<std::string> distinct(m.pieces.begin(), m.pieces.end());
    EXPECT_EQ(distinct.size(), m.pieces.size());
    expect_reads_back(m);
}

TEST(train_bpe, stops_when_nothing_is_left_to_merge) {
    const TokenizerModel m = train_on("ab", 1000);
    EXPECT_EQ(m.pieces.size(), 258u);
    EXPECT_EQ(train_on("x", 1000).pieces.size(), 257u);
    EXPECT_EQ(train_on(std::string(1000, ' '), 1000).pieces.back(), std::string(1000, ' '));
}

TEST(train_bpe, splits_words_where_core_does) {
    const std::string text = varied_text().substr(0, varied_text().find("Line 10000"));
    const OpenedTokenizer t(train_on(text, 100000));  // until every word is one token
    EncodeOptions options;
    options.parse_special = true;
    std::vector<std::string> words, tokens;
    const SpecialTexts specials({"<|endoftext|>"});
    Pieces pieces(text, specials);
    for (Pieces::Piece piece; pieces.next(piece);) words.push_back(std::string(piece.text));
    for (const uint32_t id : t.encode(text, options)) {
        const Span<const char> piece = mote::piece(t.core(), id);
        tokens.push_back(std::string(piece.data, piece.count));
    }
    EXPECT_EQ(tokens, words);
}

TEST(train_bpe, reads_texts_of_control_tokens_literally_unless_they_are_named) {
    TrainTokenizerOptions o = options_of(TokenizerType::bpe, 1000);
    o.specials = {"<end>"};
    const TokenizerModel m = train_on("<end><end><|endoftext|>", o);
    EXPECT_EQ(m.pieces[0], "<end>");
    EXPECT_EQ(std::count(m.pieces.begin(), m.pieces.end(), "endoftext"), 1);
    EXPECT_EQ(std::count(m.pieces.begin(), m.pieces.end(), "end"), 0);
}

// ---- Unigram

std::string repeated(const std::string& text, size_t times) {
    std::string out;
    for (size_t i = 0; i < times; i++) out += text;
    return out;
}

const std::string story = repeated("Once upon a time there was a little girl who played with her little dog. The dog played with the girl.\n"
                                   "They were playing and running; \xc3\xa9t\xc3\xa9 et hiver.  Two spaces, too.\n", 20);

TEST(train_unigram, learns_pieces_that_cover_any_text) {
    const TokenizerModel m = train_on(story, options_of(TokenizerType::unigram, 360));
    EXPECT_EQ(m.kind, TokenizerKind::unigram);
    EXPECT_LE(m.pieces.size(), 360u);
    EXPECT_GT(m.pieces.size(), 280u);
    EXPECT_EQ(m.pieces[m.eos], "<|endoftext|>");
    const OpenedTokenizer t(m);
    for (const char* text : {"The little dog played.", "  two  spaces ", "\xe4\xbd\xa0\xe5\xa5\xbd\n\ttab", "\xff\xc3", ""}) EXPECT_EQ(t.decode(t.encode(text)), text);
    EXPECT_LT(t.encode("The little dog played with the girl.").size(), 30u);  // of 36 characters
}

TEST(train_unigram, reads_back_as_it_was_and_does_not_depend_on_threads) {
    TrainTokenizerOptions o = options_of(TokenizerType::unigram, 340);
    const TokenizerModel m = train_on(story, o);
    expect_reads_back(m);
    const TemporaryFolder folder;
    const TokenizerModel back = import_tokenizer(folder.write("tokenizer.json", tokenizer_json(m, "test")));
    EXPECT_EQ(back.kind, m.kind);
    EXPECT_EQ(back.lexicon.scores, m.lexicon.scores);
    EXPECT_EQ(back.lexicon.lowest_score, m.lexicon.lowest_score);
    EXPECT_EQ(OpenedTokenizer(back).encode(story), OpenedTokenizer(m).encode(story));
    o.threads = 3;
    EXPECT_EQ(tokenizer_json(train_on(story, o), "test"), tokenizer_json(m, "test"));
}

TEST(train_unigram, refuses_what_cannot_be_learnt) {
    expect_refusal("E_ARG", {"--vocab", "259"}, [] { train_on(story, options_of(TokenizerType::unigram, 258)); });
    expect_refusal("E_ARG", {"--vocab less 1 control tokens", "required_chars", "261 vs"}, [] { train_on(story, options_of(TokenizerType::unigram, 262)); });
    expect_refusal("E_EMPTY", {"no words"}, [] { train_on("\t\n\t\n", options_of(TokenizerType::unigram, 400)); });
}

// ---- the same however the work is divided

TEST(train_tokenizer, does_not_depend_on_threads) {
    TrainTokenizerOptions o = options_of(TokenizerType::bpe, 600);
    o.block_bytes = 500;
    const std::string one = tokenizer_json(train_on(varied_text(), o), "test");
    for (const uint32_t threads : {2u, 5u}) {
        o.threads = threads;
        EXPECT_EQ(tokenizer_json(train_on(varied_text(), o), "test"), one);
    }
}

TEST(train_tokenizer, does_not_depend_on_the_size_of_blocks) {
    TrainTokenizerOptions o = options_of(TokenizerType::bpe, 600);
    o.invalid = InvalidUtf8::replace;
    const std::string text = varied_text() + "\xe4\xbd" + varied_text() + "\xf0\x9f\x98";
    const std::string whole = tokenizer_json(train_on(text, o), "test");
    for (const size_t bytes : {1u, 2u, 3u, 7u, 64u, 1000u}) {
        o.block_bytes = bytes;
        EXPECT_EQ(tokenizer_json(train_on(text, o), "test"), whole) << bytes;
    }
}

TEST(train_tokenizer, lets_no_word_go_from_one_file_into_the_next) {
    const TemporaryFolder folder;
    const TokenizerModel m =
        train_tokenizer({folder.write("1", "ab"), folder.write("2", "ab")}, options_of(TokenizerType::bpe, 1000)).model;
    EXPECT_EQ(m.pieces.size(), 258u);
}

// ---- WordPiece

TEST(train_wordpiece, makes_the_vocabulary_of_the_plainest_loops) {
    const Json vectors = Json::parse(read_file(std::string(MOTE_TESTS_HOST) + "/wordpiece_vectors.json"));
    for (const auto& [size, pieces] : vectors["vocab"].items()) {
        const TokenizerModel m = train_on(vectors["text"].get<std::string>(), options_of(TokenizerType::wordpiece, uint32_t(std::stoul(size))));
        std::string expected;
        for (const Json& piece : pieces) expected += piece.get<std::string>() + "\n";
        EXPECT_EQ(vocab_txt(m), expected) << size << " tokens";
    }
}

TEST(train_wordpiece, reads_back_from_its_vocab_txt) {
    const TokenizerModel m = train_on(varied_text() + " Caf\xc3\xa9 caf\xc3\xa9s.", options_of(TokenizerType::wordpiece, 120));
    const TemporaryFolder folder;
    const TokenizerModel back = import_tokenizer(folder.write("vocab.txt", vocab_txt(m)));
    EXPECT_EQ(back.pieces, m.pieces);
    EXPECT_EQ(back.flags, m.flags);
    EXPECT_EQ(back.bos, m.bos);
    EXPECT_EQ(back.eos, m.eos);
    const OpenedTokenizer t(m);
    EXPECT_EQ(t.encode("CAF\xc3\x89s 17!"), OpenedTokenizer(back).encode("CAF\xc3\x89s 17!"));
    EXPECT_EQ(t.decode(t.encode("Cafes 17!")), "cafes 17!");
}

TEST(train_wordpiece, refuses_what_cannot_be_learnt) {
    const auto refused = [](const char* code, const char* part, const std::string& text, uint32_t vocab) {
        expect_refusal(code, {part}, [&] { train_on(text, options_of(TokenizerType::wordpiece, vocab)); });
    };
    refused("E_ARG", "--vocab", "a b", 0);
    refused("E_ARG", "at least 8", "ab", 7);  // a, b and ##b
    refused("E_EMPTY", "no words", " \n \t", 100);
    EXPECT_EQ(train_on("ab", options_of(TokenizerType::wordpiece, 100)).pieces.size(), 9u);
}

// ---- there and back

TEST(tokenizer_json, of_byte_pairs_reads_back_and_round_trips) {
    const TokenizerModel m = train_on(varied_text(), 700);
    EXPECT_EQ(m.pieces.size(), 700u);
    EXPECT_EQ(m.pieces[m.eos], "<|endoftext|>");
    expect_reads_back(m);
    const OpenedTokenizer t(m);
    for (const std::string& text : {varied_text(), std::string("\0\xff\xe4\xbd other\xc2\xa0words", 18)}) EXPECT_EQ(t.decode(t.encode(text)), text);
}

TEST(tokenizer_json, of_bytes_reads_back_and_round_trips) {
    TrainTokenizerOptions o = options_of(TokenizerType::bytes, 0);
    o.specials = {"<|endoftext|>", "<|user|>"};
    const TokenizerModel m = train_tokenizer({}, o).model;
    EXPECT_EQ(m.pieces.size(), 258u);
    expect_reads_back(m);
    const OpenedTokenizer t(m);
    std::string all;
    for (int i = 0; i < 256; i++) all += char(i);
    EXPECT_EQ(t.encode(all).size(), 256u);
    EXPECT_EQ(t.decode(t.encode(all)), all);
}

TEST(tokenizer_json, of_characters_reads_back_and_round_trips) {
    const std::string text = "a b\nba <|endoftext|>\xc3\xa9\xe4\xbd\xa0 \x01\"\\";
    const TokenizerModel m = train_on(text, options_of(TokenizerType::characters, 0));
    EXPECT_EQ(std::vector<std::string>(m.pieces.begin(), m.pieces.begin() + 5), (std::vector<std::string>{"<|endoftext|>", "<unk>", "\x01", "\n", " "}));
    EXPECT_EQ(m.pieces.size(), 11u);
    expect_reads_back(m);
    const OpenedTokenizer t(m);
    const std::string plain = "ab \n\xe4\xbd\xa0\xc3\xa9 \"\\\x01 a";
    EXPECT_EQ(t.decode(t.encode(plain)), plain);
    EXPECT_EQ(t.encode("azb"), (Ids{7, 1, 8}));
}

TEST(train_characters, keeps_the_most_frequent) {
    const TokenizerModel m = train_on("aaabbbccd", options_of(TokenizerType::characters, 5));
    EXPECT_EQ(m.pieces, (std::vector<std::string>{"<|endoftext|>", "<unk>", "a", "b", "c"}));
}

TEST(tokenizer_json, refuses_names_that_two_tokens_would_share) {
    TrainTokenizerOptions o = options_of(TokenizerType::bpe, 1000);
    o.specials = {"\xc4\xa0x"};  // how the file writes " x"
    expect_refusal("E_DUP", {"test", "\xc4\xa0x"}, [&] { tokenizer_json(train_on("a x", o), "test"); });
}

// ---- bad input

TEST(training_text, refuses_what_is_no_file_with_text) {
    const TemporaryFolder folder;
    const auto train = [&](const std::string& file) { return train_tokenizer({file}, options_of(TokenizerType::bpe, 300)); };
    expect_refusal("E_IO", {"absent", "No such file"}, [&] { train(folder.path() + "/absent"); });
    expect_refusal("E_IO", {"directory"}, [&] { train(folder.path()); });
    expect_refusal("E_EMPTY", {"text", "empty"}, [&] { train(folder.write("text", "")); });
    expect_refusal("E_UTF8", {"UTF-16"}, [&] { train(folder.write("text", std::string("\xff\xfe" "a\0", 4))); });
    expect_refusal("E_UTF8", {"UTF-16"}, [&] { train(folder.write("text", std::string("\xfe\xff\0a", 4))); });
    expect_refusal("E_TYPE", {"gzip"}, [&] { train(folder.write("text", "\x1f\x8b\x08 zzz")); });
    expect_refusal("E_TYPE", {"zip"}, [&] { train(folder.write("text", "PK\x03\x04zzz")); });
    expect_refusal("E_TYPE", {"PDF"}, [&] { train(folder.write("text", "%PDF-1.7")); });
}

TEST(training_text, of_pairs_is_their_prompts_and_completions) {
    const TemporaryFolder folder;
    const std::string pairs = folder.write("a.jsonl", "{\"prompt\": \"\\u00e9\\n\", \"completion\": \"{\\\"a\\\"}\"}\n");
    const std::string text = folder.write("b.txt", "zz");
    const TokenizerModel model = train_tokenizer({pairs, text, pairs}, options_of(TokenizerType::characters, 0)).model;
    const std::set<std::string> pieces(model.pieces.begin(), model.pieces.end());
    for (const char* character : {"\u00e9", "\n", "{", "\"", "a", "}", "z"}) EXPECT_TRUE(pieces.count(character)) << character;
    for (const char* character : {"p", ":", "\\", "u"}) EXPECT_FALSE(pieces.count(character)) << character;  // of the JSON around them
    expect_refusal("E_SYNTAX", {"c.jsonl: line 1"}, [&] { train_tokenizer({folder.write("c.jsonl", "text")}, options_of(TokenizerType::bpe, 300)); });
}

TEST(training_text, names_the_byte_that_is_not_utf8) {
    const std::pair<const char*, const char*> bad[] = {{"a\x80", "byte 1:"},         {"ab\xc0\xaf", "byte 2:"}, {"abc\xff", "byte 3:"},
                                                       {"\xed\xa0\x80", "byte 0:"}, {"abcd\xe4\xbd", "byte 4:"}, {"\xf4\x90\x80\x80", "byte 0:"}};
    for (const auto& [text, place] : bad)
        for (const size_t block : {1u, 1000u}) {
            TrainTokenizerOptions o = options_of(TokenizerType::bpe, 300);
            o.block_bytes = block;
            expect_refusal("E_UTF8", {place, "--invalid"}, [&, t = text] { train_on(t, o); });
        }
}

TEST(training_text, replaces_or_keeps_what_is_not_utf8) {
    TrainTokenizerOptions o = options_of(TokenizerType::bpe, 400);
    o.invalid = InvalidUtf8::replace;
    EXPECT_EQ(train_on("\xe4\xbd\xff", o).pieces.back(), "\xef\xbf\xbd\xef\xbf\xbd");  // one for each ill-formed part
    o.invalid = InvalidUtf8::bytes;
    EXPECT_EQ(train_on("\xe4\xbd\xff", o).pieces.back(), "\xe4\xbd\xff");
}

TEST(train_tokenizer, refuses_options_that_contradict_each_other) {
    const auto train = [](TrainTokenizerOptions o) { train_on("text", o); };
    expect_refusal("E_ARG", {"257"}, [&] { train(options_of(TokenizerType::bpe, 256)); });
    expect_refusal("E_ARG", {"257"}, [&] { train(options_of(TokenizerType::bytes, 300)); });
    expect_refusal("E_ARG", {"16777216"}, [&] { train(options_of(TokenizerType::bpe, max_vocab + 1)); });
    expect_refusal("E_ARG", {"FILES"}, [] { train_tokenizer({}, options_of(TokenizerType::bpe, 300)); });
    TrainTokenizerOptions o = options_of(TokenizerType::characters, 0);
    o.invalid = InvalidUtf8::bytes;
    expect_refusal("E_ARG", {"--invalid bytes"}, [&] { train(o); });
    for (const char* special : {"", "a", "\xe4\xbd\xa0", "a\xff"}) {
        o = options_of(TokenizerType::bpe, 300);
        o.specials = {special};
        expect_refusal("E_ARG", {"--special"}, [&] { train(o); });
    }
    o.specials = {"<a>", "<a>"};
    expect_refusal("E_ARG", {"<a>", "twice"}, [&] { train(o); });
}

}  // namespace
}  // namespace mote::tools
