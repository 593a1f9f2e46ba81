// vocab.json with merges.txt.
#include <gtest/gtest.h>

#include <filesystem>

#include "make_checkpoint.h"
#include "opened_tokenizer.h"
#include "refusal.h"
#include "tokenizer/tokenizer_gpt2.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;
using testing::Json;
using testing::OpenedTokenizer;
using testing::TemporaryFolder;

using Ids = std::vector<uint32_t>;

const std::string merges_text = "#version: 0.2\nh e\n\xc4\xa0 he\n";

TokenizerModel import(const Json& vocab, const std::string& merges) {
    const TemporaryFolder folder;
    folder.write("vocab.json", vocab.dump());
    folder.write("merges.txt", merges);
    return import_tokenizer(folder.path());
}

TokenizerModel import(const std::string& merges) { return import(testing::byte_level_vocabulary(), merges); }

std::vector<std::string> notes_of(const std::string& merges) {
    const TemporaryFolder folder;
    folder.write("vocab.json", testing::byte_level_vocabulary().dump());
    folder.write("merges.txt", merges);
    std::vector<std::string> notes;
    import_tokenizer(folder.path(), notes);
    return notes;
}

TEST(tokenizer_gpt2, reads_tokens_and_merges) {
    const TokenizerModel m = import(merges_text);
    EXPECT_EQ(m.pre_tokenizer, PreTokenizer::gpt2);
    EXPECT_EQ(m.specials, Ids{258});
    EXPECT_EQ(m.eos, 258u);
    EXPECT_EQ(m.flags, 0u);
    EXPECT_EQ(OpenedTokenizer(m).encode("he he"), (Ids{256, 257}));
}

TEST(tokenizer_gpt2, needs_no_version_line_and_no_last_newline) { EXPECT_EQ(import("h e\n\xc4\xa0 he").merges.size(), 2u); }

TEST(tokenizer_gpt2, takes_carriage_returns_off_and_notes_it) {
    const std::vector<std::string> notes = notes_of("#version: 0.2\r\nh e\r\n\xc4\xa0 he\r\n");
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("CRLF"), std::string::npos);
    EXPECT_EQ(import("h e\r\n\xc4\xa0 he\r\n").merges.size(), 2u);
}

TEST(tokenizer_gpt2, refuses_an_empty_line_between_merges) {
    expect_refusal("E_EMPTY", {"merges.txt", "line 2"}, [] { import("h e\n\n\xc4\xa0 he\n"); });
}

TEST(tokenizer_gpt2, refuses_lines_that_are_not_two_tokens) {
    for (const char* line : {"he", "h e e", " e", "h ", " "})
        expect_refusal("E_SYNTAX", {"merges.txt", "line 1"}, [&] { import(std::string(line) + "\n"); });
}

TEST(tokenizer_gpt2, refuses_merges_of_or_into_tokens_that_are_absent) {
    expect_refusal("E_TOKEN", {"merges.txt", "line 2", "\"xx\""}, [] { import("h e\nxx e\n"); });
    expect_refusal("E_TOKEN", {"merges.txt", "line 1", "\"eh\""}, [] { import("e h\n"); });
}

TEST(tokenizer_gpt2, keeps_the_first_of_equal_merges_and_notes_it) {
    Json vocab = testing::byte_level_vocabulary();
    vocab["eh"] = 259;
    EXPECT_EQ(OpenedTokenizer(import(vocab, "h e\ne h\nh e\n")).encode("heh"), (Ids{256, 'h'}));  // "e h" would be first if the last counted
    const std::vector<std::string> notes = notes_of("h e\n\xc4\xa0 he\nh e\n");
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("1 merges stand twice"), std::string::npos);
}

TEST(tokenizer_gpt2, refuses_merges_that_are_not_utf8) {
    expect_refusal("E_UTF8", {"merges.txt", "byte 5", "line 2, column 2"}, [] { import("h e\nh\xff e\n"); });
    expect_refusal("E_UTF8", {"merges.txt", "byte 4", "line 2, column 1", "NUL"}, [] { import(std::string("h e\n\0 e\n", 8)); });
}

TEST(tokenizer_gpt2, refuses_an_empty_file_of_merges_but_not_one_without_merges) {
    expect_refusal("E_EMPTY", {"merges.txt"}, [] { import(""); });
    EXPECT_EQ(import("#version: 0.2\n").merges.size(), 0u);
}

TEST(tokenizer_gpt2, refuses_a_vocabulary_without_tokens) {
    const Json none = Json::object();
    std::vector<std::string> notes;
    expect_refusal("E_EMPTY", {"vocab.json", "no tokens"}, [&] { import_tokenizer_gpt2(JsonView(none, "vocab.json"), "merges.txt", {}, notes); });
}

TEST(tokenizer_gpt2, refuses_more_merges_than_it_reads) {
    const TemporaryFolder folder;
    folder.write("vocab.json", testing::byte_level_vocabulary().dump());
    std::filesystem::resize_file(folder.write("merges.txt", merges_text), (64 << 20) + 1);
    expect_refusal("E_LIMIT", {"merges.txt", "67108865 bytes"}, [&] { import_tokenizer(folder.path()); });
}

TEST(tokenizer_gpt2, refuses_a_vocabulary_without_merges) {
    const TemporaryFolder folder;
    folder.write("vocab.json", testing::byte_level_vocabulary().dump());
    expect_refusal("E_IO", {"merges.txt"}, [&] { import_tokenizer(folder.path()); });
}

TEST(tokenizer_gpt2, refuses_ids_that_are_not_dense) {
    Json vocab = testing::byte_level_vocabulary();
    vocab["he"] = 257;
    expect_refusal("E_DUP", {"257"}, [&] { import(vocab, merges_text); });
    vocab["he"] = 300;
    expect_refusal("E_RANGE", {"he", "300", "258"}, [&] { import(vocab, merges_text); });
}

TEST(tokenizer_gpt2, refuses_a_byte_without_token_unless_there_is_an_unknown_one) {
    Json vocab = testing::byte_level_vocabulary();
    vocab.erase("z");
    vocab["<unk>"] = 'z';
    expect_refusal("E_MISSING", {"vocab.json", "byte 122"}, [&] { import(vocab, merges_text); });
    const TemporaryFolder folder;
    folder.write("vocab.json", vocab.dump());
    folder.write("merges.txt", merges_text);
    folder.write("special_tokens_map.json", R"({"unk_token": "<unk>"})");
    const TokenizerModel m = import_tokenizer(folder.path());
    EXPECT_EQ(m.unk, uint32_t('z'));
    EXPECT_EQ(OpenedTokenizer(m).encode("zhe"), (Ids{'z', 256}));
}

TEST(tokenizer_gpt2, takes_control_tokens_from_the_files_beside_it) {
    Json vocab = testing::byte_level_vocabulary();
    vocab["<|im_end|>"] = 259;
    const TemporaryFolder folder;
    folder.write("vocab.json", vocab.dump());
    folder.write("merges.txt", merges_text);
    folder.write("tokenizer_config.json", R"({"eos_token": "<|im_end|>", "add_bos_token": true,
        "added_tokens_decoder": {"258": {"content": "<|endoftext|>", "special": true},
                                 "104": {"content": "h", "special": false}}})");
    const TokenizerModel m = import_tokenizer(folder.path());
    EXPECT_EQ(m.eos, 259u);
    EXPECT_EQ(m.bos, 258u);
    EXPECT_EQ(m.specials, (Ids{258, 259}));
    EXPECT_EQ(OpenedTokenizer(m).encode("he"), (Ids{258, 256}));
}

TEST(tokenizer_gpt2, takes_conditions_of_control_tokens_from_the_files_beside_it) {
    Json vocab = testing::byte_level_vocabulary();
    vocab["<mask>"] = 259;
    const TemporaryFolder folder;
    folder.write("vocab.json", vocab.dump());
    folder.write("merges.txt", merges_text);
    folder.write("special_tokens_map.json", R"({"mask_token": {"content": "<mask>", "lstrip": true, "rstrip": false, "normalized": false}, "pad_token": "h"})");
    const TokenizerModel m = import_tokenizer(folder.path());
    EXPECT_EQ(m.specials, (Ids{'h', 258, 259}));
    EncodeOptions options;
    options.parse_special = true;
    EXPECT_EQ(OpenedTokenizer(m).encode("e  \t<mask> e", options), (Ids{'e', 259, ' ', 'e'}));
}

TEST(tokenizer_gpt2, ignores_ids_that_the_tokenizer_does_not_have) {
    const TemporaryFolder folder;
    folder.write("vocab.json", testing::byte_level_vocabulary().dump());
    folder.write("merges.txt", merges_text);
    folder.write("tokenizer.json", testing::marked_tokenizer().dump());
    folder.write("config.json", R"({"eos_token_id": 50256})");
    std::vector<std::string> notes;
    EXPECT_EQ(import_tokenizer(folder.path(), notes).eos, no_token);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("50256"), std::string::npos);
}

}  // namespace
}  // namespace mote::tools
