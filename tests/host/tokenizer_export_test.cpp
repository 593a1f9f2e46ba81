// Tokenizers out of a packed model and in again: tokenizer.json and GGUF as mote writes them give the tokens of their source, and what
// a format cannot say is refused by name.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "export/gguf_tokenizer.h"
#include "make_checkpoint.h"
#include "model/unpack_tokenizer.h"
#include "opened_tokenizer.h"
#include "pack/random_model.h"
#include "refusal.h"
#include "shared_data.h"
#include "test_vectors.h"
#include "tokenizer/bpe.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/split_rules.h"
#include "tokenizer/tokenizer_import.h"
#include "tokenizer/train_tokenizer.h"
#include "tokenizer/write_charsmap.h"
#include "tokenizer/write_tokenizer_json.h"
#include "whole.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;
using testing::OpenedTokenizer;
using testing::shared_data;
using testing::TemporaryFolder;

enum class Format { json, gguf };

// As `export` finds it in a .mote file.
TokenizerModel packed_and_unpacked(const TokenizerModel& model) { return unpack_tokenizer(OpenedTokenizer(model).core(), "packed"); }

TokenizerModel there_and_back(const TokenizerModel& model, Format format) {
    const TemporaryFolder folder;
    if (format == Format::json) return import_tokenizer(folder.write("tokenizer.json", tokenizer_json(model, "test")));
    const std::string path = folder.path() + "/model.gguf";
    GgufWriter gguf;
    std::vector<std::string> notes;
    write_tokenizer(model, static_cast<uint32_t>(model.pieces.size()), "test", gguf, notes);
    gguf.write(path);
    return import_tokenizer(path);
}

std::vector<std::string> some_texts() {
    return {"", " ", "Hello world", " Hello,  y'all!\n\n\tIt's 12345 times \xc3\xa9\xcc\x81, \xc2\xbd and \xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82\r\n",
            "a he hex x1y22z333 abba ABBA", "<x>a he<x>", "\xf0\x9f\x98\x80\xc2\xa0\xe3\x80\x80 $9.99 <=> ^~`| `a`\xe2\x84\xab"};
}

void expect_same_tokens(const TokenizerModel& before, const TokenizerModel& after, const std::vector<std::string>& texts) {
    const OpenedTokenizer a(before), b(after);
    EXPECT_EQ(before.unk, after.unk);
    for (const std::string& text : texts) {
        const std::vector<uint32_t> tokens = a.encode(text);
        EXPECT_EQ(b.encode(text), tokens) << text;
        EXPECT_EQ(b.decode(tokens), a.decode(tokens)) << text;
    }
}

void expect_keeps(const TokenizerModel& model, std::initializer_list<Format> formats, const std::vector<std::string>& texts = some_texts()) {
    TokenizerModel unpacked = packed_and_unpacked(model);
    for (const Format format : formats) {
        SCOPED_TRACE(format == Format::json ? "tokenizer.json" : "GGUF");
        if (model.kind == TokenizerKind::unigram) unpacked.lexicon.sum_bytes = format == Format::json ? 8 : 4;  // of which a note tells
        expect_same_tokens(unpacked, there_and_back(unpacked, format), texts);
    }
}

void expect_refused(const TokenizerModel& model, Format format, const char* part) {
    const TokenizerModel unpacked = packed_and_unpacked(model);
    expect_refusal("E_UNSUPPORTED", {part}, [&] { there_and_back(unpacked, format); });
}

// ---- byte-level

// The bytes, 256 "he", 257 " he", 258 "hex", 259 <|end|>, 260 <x> added.
TokenizerModel bytes_and_merges() {
    TokenizerModel m = empty_tokenizer();
    for (uint32_t byte = 0; byte < 256; byte++) {
        m.pieces.emplace_back(1, static_cast<char>(byte));
        m.byte_ids[byte] = byte;
    }
    m.pieces.insert(m.pieces.end(), {"he", " he", "hex", "<|end|>", "<x>"});
    m.merges = {{' ', 256, 257, 1}, {'h', 'e', 256, 0}};
    m.specials = {259};
    m.added = {260};
    m.eos = 259;
    return m;
}

TokenizerModel with_rule(const SplitRule& rule) {
    TokenizerModel m = bytes_and_merges();
    m.pre_tokenizer = rule.stages;
    m.char_sets = rule.sets;
    return m;
}

TEST(tokenizer_export, keeps_every_split_rule_that_has_a_name) {
    std::vector<const char*> names = {"falcon"};
    if (testing::whole()) names = {"qwen2", "starcoder", "falcon", "deepseek-llm", "deepseek-coder"};  // those that name letters take long
    for (const char* name : names) {
        SCOPED_TRACE(name);
        expect_keeps(with_rule(*rule_of_name(name)), {Format::json, Format::gguf});
    }
    expect_keeps(with_rule(*rule_of_name("default")), {Format::gguf});
    expect_refused(with_rule(*rule_of_name("default")), Format::json, "split rule");
}

TEST(tokenizer_export, keeps_split_rules_without_a_name_where_expressions_say_them) {
    SplitRule rule = *rule_of_pattern(R"(\p{N}{1,3})");
    ASSERT_TRUE(append(rule, *rule_of_pattern(R"(\s?[a-z]+)")));
    expect_keeps(with_rule(rule), {Format::json});
    expect_refused(with_rule(rule), Format::gguf, "this split rule");
    TokenizerModel m = with_rule({});
    expect_keeps(m, {Format::json});
    expect_refused(m, Format::gguf, "across the whole text");
    m.merges.clear();
    expect_keeps(m, {Format::json, Format::gguf});
}

TEST(tokenizer_export, keeps_words_that_are_tokens_and_tokens_around_a_text) {
    TokenizerModel m = with_rule(*rule_of_name("llama-bpe"));
    take_whole_words(m);
    m.bos = m.eos;
    m.flags = tokenizer_whole_words | tokenizer_add_bos;
    expect_keeps(m, {Format::json});
    m.flags |= tokenizer_add_eos;
    expect_keeps(m, {Format::gguf});
}

TEST(tokenizer_export, keeps_the_space_of_bytes_where_the_format_knows_it) {
    TokenizerModel m = with_rule(*rule_of_name("gpt-2"));
    m.flags = tokenizer_prefix_space | tokenizer_prefix_every | tokenizer_prefix_missing | tokenizer_prefix_kept;
    expect_keeps(m, {Format::json});
    expect_refused(m, Format::gguf, "a space in front");
    m = with_rule(*rule_of_name("starcoder"));
    m.flags = tokenizer_prefix_space | tokenizer_prefix_every | tokenizer_prefix_missing | tokenizer_prefix_kept;
    expect_refused(m, Format::json, "another stage cuts first");
}

// ---- characters

TokenizerModel scored(uint32_t flags) {
    const TemporaryFolder folder;
    TokenizerModel m = import_tokenizer(folder.write("tokenizer.bin", testing::llama2c_tokenizer({{" ", -9}, {"a", -8}, {"b", -7}, {"ab", -2}, {" a", -1}, {" ab", -3}, {"aba", -2.5f}})));
    m.flags = flags | tokenizer_fold_space;
    return m;
}

TEST(tokenizer_export, keeps_pairs_by_score_with_byte_fallback) {
    constexpr uint32_t every = tokenizer_prefix_space | tokenizer_prefix_every;
    expect_keeps(scored(0), {Format::json, Format::gguf});
    expect_keeps(scored(tokenizer_add_bos | tokenizer_prefix_space), {Format::json, Format::gguf});
    TokenizerModel m = scored(every | tokenizer_add_eos);
    m.added.push_back(static_cast<uint32_t>(m.pieces.size()));
    m.pieces.emplace_back("<x>");
    expect_keeps(m, {Format::json, Format::gguf});
    m.flags = tokenizer_prefix_space | tokenizer_fold_space;
    expect_refused(m, Format::gguf, "added tokens with no space behind");
}

TEST(tokenizer_export, keeps_the_space_that_goes_where_none_is) {
    constexpr uint32_t missing = tokenizer_prefix_space | tokenizer_prefix_missing;
    expect_keeps(scored(missing), {Format::json});
    expect_keeps(scored(missing | tokenizer_prefix_every), {Format::json});
    expect_refused(scored(missing), Format::gguf, "where none is");
    expect_refused(scored(tokenizer_squeeze_spaces), Format::json, "runs become one");
    expect_refused(scored(tokenizer_squeeze_spaces), Format::gguf, "runs become one");
}

TEST(tokenizer_export, refuses_normalizers_and_symbols_before_merges) {
    TokenizerModel m = scored(0);
    m.normalizer.present = true;
    m.normalizer.rules = {{"A", "a"}};
    for (const Format format : {Format::json, Format::gguf}) expect_refused(m, format, "a normalizer before merges");
    m.normalizer.rules.clear();
    m.lexicon.entries = {{"ab", m.characters[0]}};
    for (const Format format : {Format::json, Format::gguf}) expect_refused(m, format, "user-defined symbols");
}

// ---- Unigram and WordPiece

const char* const words = "the cat sat on the mat, and the hat of the cat is on the mat. A cat and a hat! abba Abba a he hex";

TokenizerModel trained(TokenizerType type, uint32_t vocab) {
    TrainTokenizerOptions options;
    options.type = type;
    options.vocab = vocab;
    const TemporaryFolder folder;
    return train_tokenizer({folder.write("words.txt", words)}, options).model;
}

TEST(tokenizer_export, keeps_unigram_with_its_normalizer_and_spaces) {
    TokenizerModel m = trained(TokenizerType::unigram, 300);
    expect_keeps(m, {Format::json, Format::gguf});
    m.flags |= tokenizer_prefix_space;
    m.normalizer.present = true;
    expect_keeps(m, {Format::json, Format::gguf}, {"a cat", "", "the  mat"});
    m.normalizer.rules = {{"ABBA", "abba"}, {"A", "a"}, {"\xc2\xbd", " 1/2 "}};
    expect_keeps(m, {Format::json, Format::gguf});
    m.flags |= tokenizer_squeeze_spaces;
    expect_keeps(m, {Format::json, Format::gguf});
    m.flags &= ~uint32_t(tokenizer_prefix_space);
    expect_refused(m, Format::json, "without one in front");
}

TEST(tokenizer_export, refuses_user_defined_and_unused_pieces_of_unigram) {
    TokenizerModel m = trained(TokenizerType::unigram, 300);
    m.lexicon.entries.pop_back();
    expect_refused(m, Format::json, "unused");
    expect_keeps(m, {Format::gguf});
    m = trained(TokenizerType::unigram, 300);
    m.lexicon.scores[m.lexicon.entries[0].token] = NAN;
    for (const Format format : {Format::json, Format::gguf}) expect_refused(m, format, "user-defined");
}

TEST(tokenizer_export, keeps_wordpiece) {
    TokenizerModel m = trained(TokenizerType::wordpiece, 80);
    expect_keeps(m, {Format::json, Format::gguf});
    m.lexicon.word_characters = 3;
    expect_refused(m, Format::gguf, "at most 3 characters");
    m = trained(TokenizerType::wordpiece, 80);
    m.normalizer.ranges.erase(m.normalizer.ranges.begin());
    expect_refused(m, Format::json, "BERT's");
    expect_refused(m, Format::gguf, "bert-base-uncased");
}

TEST(tokenizer_export, a_charsmap_is_read_as_it_was_written) {
    Normalizer n;
    n.present = true;
    n.rules = {{"b", "c"}, {"ab", "x"}, {"a", ""}, {"abc\xc3\xa9", "x"}, {"b", "not this"}, {"<s>", "", NormalizationRule::To::itself}};
    n.ranges = {{0x3041, 0x3096, {"", "", NormalizationRule::To::itself_alone}}, {0xd7fe, 0xe001, {"", "?"}}};
    std::map<std::string, std::string> read;
    for (const NormalizationRule& rule : read_charsmap(charsmap_of(n, "test"), "test", 0)) read[rule.from] = rule.to;
    EXPECT_EQ(read.size(), 5u + 0x56 + 4);
    EXPECT_EQ(read["b"], "c");
    EXPECT_EQ(read["a"], "");
    EXPECT_EQ(read["abc\xc3\xa9"], "x");
    EXPECT_EQ(read["<s>"], "<s>");
    EXPECT_EQ(read["\xe3\x81\x82"], " \xe3\x81\x82 ");
    EXPECT_EQ(read["\xee\x80\x80"], "?");
    EXPECT_EQ(charsmap_of({}, "test"), "");
    n.ranges = {{0x80, 0x4fff, {"", "+"}}};
    EXPECT_EQ(read_charsmap(charsmap_of(n, "test"), "test", 0).size(), 5u + 0x4f80);
    n.rules = {{std::string("a\0", 2), "b"}};
    expect_refusal("E_UNSUPPORTED", {"NUL"}, [&] { charsmap_of(n, "test"); });
}

// ---- models and real tokenizers

TEST(tokenizer_export, keeps_the_bytes_of_a_random_model) {
    const Weights w = random_model("llama:dim=8,layers=1,heads=1,hidden=8,context=4,vocab=259", 1);
    ASSERT_TRUE(w.tokenizer);
    expect_keeps(*w.tokenizer, {Format::json, Format::gguf});
}

struct Real {
    const char* path;
    bool each_day = false;
    const char* json = nullptr;  // why it is refused
    const char* gguf = nullptr;
};

const Real real[] = {
    {"tokenizers/gpt2"},
    {"tokenizers/qwen2/qwen.tiktoken"},
    {"tokenizers/minimind", true},
    {"weights/llama2c/tok512.bin", true},
    {"weights/llama2c/tokenizer_llama2.bin"},
    {"weights/llama2c/tokenizer_llama2.model"},
    {"weights/hf/stories656K", true},
    {"tokenizers/llamacpp/ggml-vocab-llama-spm.gguf"},
    {"tokenizers/llamacpp/ggml-vocab-bert-bge.gguf"},
    {"tokenizers/bert/bert_base_uncased_vocab.txt", true},
    {"tokenizers/t5/t5_spiece.model"},
    {"tokenizers/sentencepiece/en.wiki.bpe.vs10000.model", true, "runs become one", "runs become one"},
    {"tokenizers/sentencepiece/test_model.model"},
    {"tokenizers/sentencepiece/test_ja_model.model"},
};

TEST(tokenizer_export, real_tokenizers_go_there_and_back_or_are_refused_by_name) {
    MOTE_NEEDS("tokenizers/llamacpp/ggml-vocab-gpt-2.gguf.inp");
    std::vector<std::string> texts;
    for (const testing::TestVector& v : testing::read_vectors("tokenizers/llamacpp/ggml-vocab-gpt-2.gguf")) texts.push_back(v.text);
    for (const Real& r : real) {
        if (!r.each_day && !testing::whole()) continue;
        SCOPED_TRACE(r.path);
        MOTE_NEEDS(r.path);
        const TokenizerModel model = import_tokenizer(shared_data(r.path));
        for (const Format format : {Format::json, Format::gguf}) {
            const char* refused = format == Format::json ? r.json : r.gguf;
            if (refused) expect_refused(model, format, refused);
            else expect_keeps(model, {format}, texts);
        }
    }
}

}  // namespace
}  // namespace mote::tools
