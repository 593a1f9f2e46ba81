// Tokenizers in GGUF files: the same models as from their own files, and what is refused.
#include "tokenizer/tokenizer_gguf.h"

#include <gtest/gtest.h>

#include "make_gguf.h"
#include "opened_tokenizer.h"
#include "refusal.h"

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
