// Tokenizers in GGUF files: the same models as from their own files, and what is refused.
#include "tokenizer/tokenizer_gguf.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "make_gguf.h"
#include "opened_tokenizer.h"
#include "refusal.h"
#include "whole.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;
using testing::GgufBuilder;
using testing::OpenedTokenizer;
using testing::TemporaryFolder;

using Ids = std::vector<uint32_t>;

TokenizerModel imported(const GgufBuilder& gguf) {
    const TemporaryFolder folder;
    std::vector<std::string> notes;
    return import_tokenizer_gguf(read_gguf(folder.write("model.gguf", gguf.bytes())), notes);
}

void expect_refused(const std::string& code, std::initializer_list<const char*> parts, const GgufBuilder& gguf) {
    expect_refusal(code, parts, [&] { imported(gguf); });
}

GgufBuilder scored(const std::vector<std::string>& tokens, const std::vector<float>& scores, const std::vector<int32_t>& types) {
    GgufBuilder b;
    b.text("tokenizer.ggml.model", "llama").texts("tokenizer.ggml.tokens", tokens).f32s("tokenizer.ggml.scores", scores);
    return b.i32s("tokenizer.ggml.token_type", types);
}

GgufBuilder merged(const std::vector<std::string>& tokens, const std::vector<std::string>& merges) {
    GgufBuilder b;
    b.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "gpt-2").texts("tokenizer.ggml.tokens", tokens);
    return b.texts("tokenizer.ggml.merges", merges).u32("tokenizer.ggml.unknown_token_id", 0);
}

TEST(tokenizer_gguf, reads_pairs_by_score) {
    GgufBuilder b;
    testing::add_scored_tokenizer(b);
    const OpenedTokenizer t(imported(b));
    EXPECT_EQ(t.encode("ab"), (Ids{1, 263}));
    EXPECT_EQ(t.encode("a\xc3\xa9"), (Ids{1, 259, 260, 3 + 0xc3, 3 + 0xa9}));
    EXPECT_EQ(t.decode({1, 263, 262, 3 + 0xff}), "abab\xff");
}

TEST(tokenizer_gguf, reads_byte_level_merges) {
    GgufBuilder b;
    testing::add_byte_level_tokenizer(b);
    const OpenedTokenizer t(imported(b));
    EXPECT_EQ(t.encode("he he"), (Ids{256, 257}));
    EXPECT_EQ(t.decode({256, 257, 0xff}), "he he\xff");
    EncodeOptions options;
    options.parse_special = true;
    EXPECT_EQ(t.encode("<|endoftext|>", options), (Ids{258}));
}

TEST(tokenizer_gguf, obeys_the_flags) {
    GgufBuilder b;
    testing::add_scored_tokenizer(b);
    b.flag("tokenizer.ggml.add_bos_token", false).flag("tokenizer.ggml.add_eos_token", true).flag("tokenizer.ggml.add_space_prefix", false);
    EXPECT_EQ(OpenedTokenizer(imported(b)).encode("ab"), (Ids{262, 2}));
    GgufBuilder byte_level;
    testing::add_byte_level_tokenizer(byte_level);
    byte_level.flag("tokenizer.ggml.add_bos_token", true);
    EXPECT_EQ(OpenedTokenizer(imported(byte_level)).encode("he"), (Ids{258, 256}));
}

// Names of pre-tokenizers bring defaults of their own.
TEST(tokenizer_gguf, words_of_llama3_are_tokens_and_texts_begin) {
    std::vector<std::string> tokens = testing::byte_alphabet();
    tokens.insert(tokens.end(), {"he", "hex", "<s>"});
    for (const bool whole : {false, true}) {
        GgufBuilder b;
        b.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", whole ? "llama-bpe" : "dbrx").texts("tokenizer.ggml.tokens", tokens);
        b.texts("tokenizer.ggml.merges", {"h e"}).u32("tokenizer.ggml.bos_token_id", 258);
        EXPECT_EQ(OpenedTokenizer(imported(b)).encode("hex"), whole ? (Ids{258, 257}) : (Ids{256, 'x'}));
    }
}

// U+2581 begins a word, what has none goes on, names in brackets are control tokens.
TEST(tokenizer_gguf, reads_wordpiece) {
    const std::string mark = "\xe2\x96\x81";
    const std::vector<std::string> tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", mark + "he", "llo", mark + "," , "[unused0]"};
    GgufBuilder b;
    b.text("tokenizer.ggml.model", "bert").texts("tokenizer.ggml.tokens", tokens).i32s("tokenizer.ggml.token_type", {3, 3, 3, 3, 1, 1, 1, 1});
    b.u32("tokenizer.ggml.unknown_token_id", 1).u32("tokenizer.ggml.cls_token_id", 2).u32("tokenizer.ggml.seperator_token_id", 3);
    const OpenedTokenizer t(imported(b));
    EXPECT_EQ(t.encode("H\xc3\xa9llo, llo"), (Ids{2, 4, 5, 6, 1, 3}));
    EXPECT_EQ(t.decode({2, 4, 5, 6, 4, 3}), "hello, he");
    EXPECT_EQ(OpenedTokenizer(imported(b.flag("tokenizer.ggml.add_bos_token", false))).encode("he"), (Ids{4, 3}));
}

GgufBuilder unigram(const std::vector<std::string>& tokens, const std::vector<float>& scores, const std::vector<int32_t>& types) {
    GgufBuilder b;
    b.text("tokenizer.ggml.model", "t5").texts("tokenizer.ggml.tokens", tokens).f32s("tokenizer.ggml.scores", scores);
    return b.i32s("tokenizer.ggml.token_type", types);
}

// A map in darts-clone's form, written by hand: "A" becomes "a". Units: 0 the root, whose children begin at 1; 1 ^ 'A' its child.
std::string charsmap_of_one_letter() {
    std::vector<uint32_t> units(0x42, 0);
    units[0] = 1u << 10;                          // children at 0 ^ 1
    units[1 ^ 'A'] = 1u << 10 | 0x100u | 'A';     // a value at (1 ^ 'A') ^ 1 = 'A'
    units['A'] = 0x80000000u;                     // replacement 0
    return testing::bytes_of(uint32_t(units.size() * 4)) + testing::bytes_of(units) + std::string("a\0", 2);
}

TEST(tokenizer_gguf, reads_unigram) {
    const std::string mark = "\xe2\x96\x81";
    GgufBuilder b = unigram({"<pad>", "</s>", "<unk>", mark, "a", mark + "a", "aa", "<x>"}, {0, 0, 0, -2, -3, -4, -3.5f, 0}, {3, 3, 2, 1, 1, 1, 1, 4});
    const std::string map = charsmap_of_one_letter();
    b.array("tokenizer.ggml.precompiled_charsmap", GgufKind::i8, map.size(), map);
    b.flag("tokenizer.ggml.add_space_prefix", true).flag("tokenizer.ggml.remove_extra_whitespaces", true);
    const OpenedTokenizer t(imported(b));
    EXPECT_EQ(t.encode("a"), (Ids{5, 1}));
    EXPECT_EQ(t.encode("  Aa   q "), (Ids{3, 6, 3, 2, 1}));
    EXPECT_EQ(t.encode("<x>a"), (Ids{7, 5, 1}));
    EXPECT_EQ(OpenedTokenizer(imported(b.flag("tokenizer.ggml.add_eos_token", false))).encode("a"), (Ids{5}));
}

TEST(tokenizer_gguf, refuses_what_wordpiece_and_unigram_cannot_be) {
    expect_refused("E_EMPTY", {"from text"}, unigram({"<pad>", "</s>", "<unk>"}, {0, 0, 0}, {3, 3, 2}));
    expect_refused("E_MISSING", {"unknown token"}, unigram({"a"}, {0}, {1}));
    GgufBuilder map = unigram({"a", "b", "<unk>"}, {0, 0, 0}, {1, 1, 2});
    expect_refused("E_RANGE", {"precompiled_charsmap"}, map.array("tokenizer.ggml.precompiled_charsmap", GgufKind::i8, 1, "x"));
    GgufBuilder bert;
    bert.text("tokenizer.ggml.model", "bert").texts("tokenizer.ggml.tokens", {"[UNK]", "\xe2\x96\x81" "a"});
    expect_refused("E_MISSING", {"unknown token"}, bert);
    bert.u32("tokenizer.ggml.unknown_token_id", 0).i32s("tokenizer.ggml.token_type", {3, 4});
    expect_refused("E_UNSUPPORTED", {"token 1", "user-defined"}, bert);
}

TEST(tokenizer_gguf, refuses_more_tokens_than_a_model_has) {
    if (!testing::whole()) GTEST_SKIP() << "MOTE_WHOLE reads a file of 128 MiB";
    const TemporaryFolder folder;
    constexpr uint64_t tokens = (1 << 24) + 1;
    GgufBuilder b;
    b.text("tokenizer.ggml.model", "llama").array("tokenizer.ggml.tokens", GgufKind::string, tokens, "");
    const std::string path = folder.write("model.gguf", b.bytes());
    std::filesystem::resize_file(path, b.bytes().size() + tokens * 8);  // texts of no bytes
    std::vector<std::string> notes;
    expect_refusal("E_LIMIT", {"16777217 tokens"}, [&] { import_tokenizer_gguf(read_gguf(path), notes); });
}

// They are found in the text as it is, and what follows has a space in front.
TEST(tokenizer_gguf, reads_user_defined_tokens_beside_pairs_by_score) {
    const std::string mark = "\xe2\x96\x81";
    const OpenedTokenizer t(imported(scored({"<unk>", "a", mark, mark + "a", "<x>"}, {0, -1, -2, -3, 0}, {2, 1, 1, 1, 4})));
    EXPECT_EQ(t.encode("a<x>a", testing::plain()), (Ids{3, 4, 3}));
}

// -1 stands where there is no such token.
TEST(tokenizer_gguf, takes_an_id_of_minus_one_for_none) {
    GgufBuilder b = scored({"<unk>", "a"}, {0, -1}, {2, 1});
    b.u32("tokenizer.ggml.bos_token_id", 0xffffffff).u32("tokenizer.ggml.eos_token_id", 0xffffffff);
    const TokenizerModel model = imported(b);
    EXPECT_EQ(model.bos, no_token);
    EXPECT_EQ(model.eos, no_token);
    EXPECT_EQ(model.unk, 0u);
}

TEST(tokenizer_gguf, gives_the_chat_template) {
    const TemporaryFolder folder;
    GgufBuilder b;
    EXPECT_FALSE(chat_template_text(read_gguf(folder.write("a.gguf", b.bytes()))));
    b.text("tokenizer.chat_template", "{{ messages }}");
    EXPECT_EQ(chat_template_text(read_gguf(folder.write("b.gguf", b.bytes()))), "{{ messages }}");
}

// B25
TEST(tokenizer_gguf, refuses_arrays_that_do_not_fit_together) {
    expect_refused("E_MISMATCH", {"scores", "1 elements for 2"}, scored({"a", "b"}, {0}, {1, 1}));
    expect_refused("E_MISMATCH", {"token_type", "3 elements for 2"}, scored({"a", "b"}, {0, 0}, {1, 1, 1}));
    expect_refused("E_TYPE", {"token 1", "type 7"}, scored({"a", "b"}, {0, 0}, {1, 7}));
    expect_refused("E_TYPE", {"type -1"}, scored({"a", "b"}, {0, 0}, {-1, 1}));
    expect_refused("E_NONFINITE", {"token 1"}, scored({"a", "b"}, {0, NAN}, {1, 1}));
    expect_refused("E_EMPTY", {"has no tokens"}, scored({}, {}, {}));
    expect_refused("E_EMPTY", {"token 0"}, scored({""}, {0}, {1}));
    GgufBuilder none;
    none.text("tokenizer.ggml.model", "llama");
    expect_refused("E_MISSING", {"tokenizer.ggml.tokens"}, none);
    expect_refused("E_MISSING", {"tokenizer.ggml.model"}, GgufBuilder());
    GgufBuilder numbers;
    numbers.text("tokenizer.ggml.model", "llama").i32s("tokenizer.ggml.tokens", {1});
    expect_refused("E_TYPE", {"tokens", "array of texts"}, numbers);
}

TEST(tokenizer_gguf, refuses_ids_bytes_and_merges_of_tokens_that_are_not_there) {
    GgufBuilder beyond = scored({"a", "b"}, {0, 0}, {1, 1});
    expect_refused("E_TOKEN", {"bos_token_id", "id 2", "2 tokens"}, beyond.u32("tokenizer.ggml.bos_token_id", 2));
    expect_refused("E_TOKEN", {"<0x-1>"}, scored({"<0x-1>"}, {0}, {6}));
    expect_refused("E_TOKEN", {"<0xZZ>"}, scored({"<0xZZ>"}, {0}, {6}));
    expect_refused("E_DUP", {"0 and 1"}, scored({"<0x41>", "<0x41>"}, {0, 0}, {6, 6}));
    expect_refused("E_SYNTAX", {"merge 0", "one space"}, merged({"a", "b", "ab"}, {"ab"}));
    expect_refused("E_SYNTAX", {"merge 1"}, merged({"a", "b", "ab"}, {"a b", "a b c"}));
    expect_refused("E_SYNTAX", {"merge 0"}, merged({"a", "b", "ab"}, {""}));
    expect_refused("E_TOKEN", {"merge 0", "\"c\""}, merged({"a", "b", "ab"}, {"a c"}));
    expect_refused("E_DUP", {"0 and 1"}, merged({"a", "a"}, {}));
}

TEST(tokenizer_gguf, refuses_by_name_what_it_does_not_do) {
    GgufBuilder rwkv;
    expect_refused("E_UNSUPPORTED", {"rwkv"}, rwkv.text("tokenizer.ggml.model", "rwkv"));
    GgufBuilder pre;
    pre.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "a-rule-of-2030").texts("tokenizer.ggml.tokens", {"a"});
    expect_refused("E_UNSUPPORTED", {"a-rule-of-2030"}, pre);
    GgufBuilder without;
    without.text("tokenizer.ggml.model", "gpt2").texts("tokenizer.ggml.tokens", {"a"});
    expect_refused("E_UNSUPPORTED", {"tokenizer.ggml.pre"}, without);
    expect_refused("E_LIMIT", {"token 0", "1025"}, scored({std::string(1025, 'a')}, {0}, {1}));
}

}  // namespace
}  // namespace mote::tools
