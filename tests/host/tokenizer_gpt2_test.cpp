// vocab.json with merges.txt.
#include <gtest/gtest.h>

#include <algorithm>
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

// Other files of the folder, by name.
using Beside = std::vector<std::pair<std::string, Json>>;

TokenizerModel import(const Json& vocab, const std::string& merges, const Beside& beside, std::vector<std::string>& notes) {
    const TemporaryFolder folder;
    folder.write("vocab.json", vocab.dump());
    folder.write("merges.txt", merges);
    for (const auto& [name, json] : beside) folder.write(name, json.dump());
    return import_tokenizer(folder.path(), notes);
}

TokenizerModel import(const Json& vocab, const std::string& merges, const Beside& beside = {}) {
    std::vector<std::string> notes;
    return import(vocab, merges, beside, notes);
}

TokenizerModel import(const std::string& merges) { return import(testing::byte_level_vocabulary(), merges); }

TokenizerModel import(const Beside& beside) { return import(testing::byte_level_vocabulary(), merges_text, beside); }

std::vector<std::string> notes_of(const std::string& merges) {
    std::vector<std::string> notes;
    import(testing::byte_level_vocabulary(), merges, {}, notes);
    return notes;
}

Ids ascending(Ids ids) {
    std::sort(ids.begin(), ids.end());
    return ids;
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
    expect_refusal("E_RANGE", {"he", "300", "259"}, [&] { import(vocab, merges_text); });
}

TEST(tokenizer_gpt2, refuses_a_byte_without_token_unless_there_is_an_unknown_one) {
    Json vocab = testing::byte_level_vocabulary();
    vocab.erase("z");
    vocab["<unk>"] = 'z';
    expect_refusal("E_MISSING", {"vocab.json", "byte 122"}, [&] { import(vocab, merges_text); });
    const TokenizerModel m = import(vocab, merges_text, {{"special_tokens_map.json", {{"unk_token", "<unk>"}}}});
    EXPECT_EQ(m.unk, uint32_t('z'));
    EXPECT_EQ(OpenedTokenizer(m).encode("zhe"), (Ids{'z', 256}));
}

TEST(tokenizer_gpt2, takes_control_tokens_from_the_files_beside_it) {
    Json vocab = testing::byte_level_vocabulary();
    vocab["<|im_end|>"] = 259;
    const Json added = {{"258", {{"content", "<|endoftext|>"}, {"special", true}}}};
    const Json config = {{"eos_token", "<|im_end|>"}, {"add_bos_token", true}, {"added_tokens_decoder", added}};
    const TokenizerModel m = import(vocab, merges_text, {{"tokenizer_config.json", config}});
    EXPECT_EQ(m.eos, 259u);
    EXPECT_EQ(m.bos, 258u);
    EXPECT_EQ(ascending(m.specials), (Ids{258, 259}));
    EXPECT_EQ(OpenedTokenizer(m).encode("he"), (Ids{258, 256}));
}

TEST(tokenizer_gpt2, takes_conditions_of_control_tokens_from_the_files_beside_it) {
    Json vocab = testing::byte_level_vocabulary();
    vocab["<mask>"] = 259;
    const Json mask = {{"content", "<mask>"}, {"lstrip", true}, {"rstrip", false}, {"normalized", false}};
    const TokenizerModel m = import(vocab, merges_text, {{"special_tokens_map.json", {{"mask_token", mask}, {"pad_token", "h"}}}});
    EXPECT_EQ(ascending(m.specials), (Ids{'h', 258, 259}));
    EncodeOptions options;
    options.parse_special = true;
    EXPECT_EQ(OpenedTokenizer(m).encode("e  \t<mask> e", options), (Ids{'e', 259, ' ', 'e'}));
}

// CodeGen's and Phi's: runs of spaces beside the vocabulary. Of a run the longest token that fits comes first.
TEST(tokenizer_gpt2, finds_the_tokens_of_added_tokens_json_before_text_is_cut) {
    const Beside beside = {{"added_tokens.json", {{"    ", 259}, {"  ", 260}, {"h", 'h'}, {"<|im_end|>", 261}}},
                           {"special_tokens_map.json", {{"additional_special_tokens", {"<|im_end|>"}}}}};
    const TokenizerModel m = import(beside);
    EXPECT_EQ(ascending(m.specials), (Ids{258, 261}));
    EXPECT_EQ(ascending(m.added), (Ids{'h', 259, 260}));
    const OpenedTokenizer opened(m);
    EXPECT_EQ(opened.encode("e       e"), (Ids{'e', 259, 260, ' ', 'e'}));
    EXPECT_EQ(opened.encode(" he"), (Ids{' ', 'h', 'e'}));  // a token of the vocabulary that is added cuts words
    EXPECT_EQ(opened.encode("<|im_end|>").size(), 10u);
    EXPECT_EQ(opened.decode({259, 261, 'e'}), "    e");
    EncodeOptions options;
    options.parse_special = true;
    EXPECT_EQ(opened.encode("e<|im_end|>e", options), (Ids{'e', 261, 'e'}));
}

TEST(tokenizer_gpt2, finds_the_tokens_of_added_tokens_decoder_under_their_conditions) {
    const Json added = {
        {"258", {{"content", "<|endoftext|>"}, {"special", true}}},
        {"259", {{"content", "<a>"}, {"special", false}, {"lstrip", true}, {"rstrip", true}, {"normalized", false}}},
        {"260", {{"content", "he"}, {"special", false}, {"single_word", true}}}};
    Json vocab = testing::byte_level_vocabulary();
    vocab.erase("he");
    vocab["eh"] = 256;
    const std::string merges = "e h\n";
    vocab[testing::byte_alphabet()[' '] + "he"] = 257;
    const OpenedTokenizer opened(import(vocab, merges, {{"tokenizer_config.json", {{"added_tokens_decoder", added}}}}));
    EXPECT_EQ(opened.encode("e  <a>\n\ne"), (Ids{'e', 259, 'e'}));
    EXPECT_EQ(opened.encode("he eheh he"), (Ids{260, ' ', 256, 256, ' ', 260}));
}

TEST(tokenizer_gpt2, is_what_a_tokenizer_json_with_the_same_added_tokens_is) {
    Json token = testing::special_token(259, "<x>");
    token["special"] = false;
    token["rstrip"] = true;
    Json json = testing::byte_level_tokenizer();
    json["added_tokens"].push_back(token);
    const TemporaryFolder folder;
    const TokenizerModel whole = import_tokenizer(folder.write("tokenizer.json", json.dump()));
    TokenizerModel parts =
        import({{"tokenizer_config.json", {{"added_tokens_decoder", {{"258", json["added_tokens"][0]}, {"259", token}}}}}});
    parts.bos = parts.eos = no_token;  // which the class of GPT-2 knows, and tokenizer.json does not say
    EXPECT_EQ(pack_tokenizer(parts, 260, "parts"), pack_tokenizer(whole, 260, "whole"));
}

TEST(tokenizer_gpt2, takes_a_token_once_that_both_files_list) {
    const Json decoder = {{"259", {{"content", "<x>"}, {"special", false}, {"rstrip", true}}}};
    const TokenizerModel m =
        import({{"added_tokens.json", {{"<x>", 259}}}, {"tokenizer_config.json", {{"added_tokens_decoder", decoder}}}});
    EXPECT_EQ(m.added, Ids{259});
    EXPECT_EQ(OpenedTokenizer(m).encode("<x>  e"), (Ids{259, 'e'}));
}

TEST(tokenizer_gpt2, takes_added_tokens_of_a_vocabulary_with_a_name_of_its_own) {
    const TemporaryFolder folder;
    folder.write("small-merges.txt", merges_text);
    folder.write("small-added_tokens.json", R"({"<x>": 259})");
    folder.write("added_tokens.json", R"({"of another": 7})");
    EXPECT_EQ(import_tokenizer(folder.write("small-vocab.json", testing::byte_level_vocabulary().dump())).added, Ids{259});
}

TEST(tokenizer_gpt2, refuses_added_tokens_that_clash) {
    const auto refuses = [](const std::string& code, std::initializer_list<const char*> says, const Json& list,
                            const Json& decoder) {
        const Json config = decoder.is_null() ? Json::object() : Json{{"added_tokens_decoder", decoder}};
        expect_refusal(code, says, [&] { import({{"added_tokens.json", list}, { "tokenizer_config.json", config }}); });
    };
    const Json none = Json::object(), x = {{"content", "<x>"}}, y = {{"content", "<y>"}};
    refuses("E_DUP", {"added_tokens.json", "258", "\"<|endoftext|>\"", "\"<x>\""}, {{"<x>", 258}}, nullptr);
    refuses("E_DUP", {"added_tokens.json", "\"he\"", "259", "256"}, {{"he", 259}}, nullptr);
    refuses("E_DUP", {"added_tokens.json", "259", "\"<x>\"", "\"<y>\""}, {{"<x>", 259}, {"<y>", 259}}, nullptr);
    refuses("E_DUP", {"added_tokens.json", "\"<x>\"", "260", "259", "tokenizer_config.json"}, {{"<x>", 260}}, {{"259", x}});
    refuses("E_MISMATCH", {"added_tokens.json", "\"<y>\"", "tokenizer_config.json"}, {{"<y>", 260}}, {{"259", x}});
    refuses("E_DUP", {"tokenizer_config.json: added_tokens_decoder.\"260\"", "\"<x>\""}, none, {{"259", x}, {"260", x}});
    refuses("E_DUP", {"tokenizer_config.json: added_tokens_decoder.\"257\"", "\"<y>\""}, none, {{"257", y}});
}

TEST(tokenizer_gpt2, refuses_added_tokens_that_are_none) {
    const auto refuses = [](const std::string& code, std::initializer_list<const char*> says, const std::string& name,
                            const Json& json) {
        expect_refusal(code, says, [&] { import({{ name, json }}); });
    };
    const auto decoder = [](const char* key, const Json& token) { return Json{{"added_tokens_decoder", {{key, token}}}}; };
    const Json x = {{"content", "<x>"}};
    refuses("E_RANGE", {"\"<x>\"", "260"}, "added_tokens.json", {{"<x>", 260}});  // a hole before it
    refuses("E_RANGE", {"no token has id 259"}, "added_tokens.json", {{"he", 256}, {"<x>", 260}});
    refuses("E_TYPE", {"<x>", "integer"}, "added_tokens.json", {{"<x>", "259"}});
    refuses("E_RANGE", {"<x>"}, "added_tokens.json", {{"<x>", -1}});
    refuses("E_EMPTY", {"added_tokens.json"}, "added_tokens.json", {{"", 259}});
    refuses("E_TYPE", {"added_tokens.json", "object"}, "added_tokens.json", Json::array({"<x>"}));
    for (const char* key : {"", "x", "-1", "0259", "259 ", "16777216", "18446744073709551875"})
        refuses("E_RANGE", {"added_tokens_decoder", "no id"}, "tokenizer_config.json", decoder(key, x));
    refuses("E_MISSING", {"added_tokens_decoder", "content"}, "tokenizer_config.json", decoder("259", Json::object()));
    refuses("E_TYPE", {"lstrip"}, "tokenizer_config.json", decoder("259", {{"content", "<x>"}, {"lstrip", 1}}));
}

TEST(tokenizer_gpt2, puts_the_space_in_front_that_the_configuration_asks_for) {
    const OpenedTokenizer opened(
        import({{"tokenizer_config.json", {{"add_prefix_space", true}, {"tokenizer_class", "GPT2Tokenizer"}}}}));
    EXPECT_EQ(opened.encode("he he"), (Ids{257, 257}));
    EXPECT_EQ(opened.encode(" he"), Ids{257});
    EXPECT_EQ(opened.decode({257}), " he");
}

TEST(tokenizer_gpt2, refuses_classes_with_other_rules_by_name) {
    for (const char* known : {"GPT2Tokenizer", "GPT2TokenizerFast", "CodeGenTokenizer", "CodeGenTokenizerFast"})
        EXPECT_EQ(import({{"tokenizer_config.json", {{"tokenizer_class", known}}}}).pieces.size(), 259u);
    for (const char* other : {"CLIPTokenizer", "Qwen2Tokenizers", "RobertaTokenizerFast", "Fast"})
        expect_refusal("E_UNSUPPORTED", {"tokenizer_config.json: tokenizer_class", other, "tokenizer.json"}, [&] {
            import({{ "tokenizer_config.json", { { "tokenizer_class", other } } }});
        });
    expect_refusal("E_UNSUPPORTED", {"config.json: tokenizer_class", "CLIPTokenizer"}, [&] {
        import({{ "config.json", { { "tokenizer_class", "CLIPTokenizer" } } }});
    });
}

TEST(tokenizer_gpt2, ignores_ids_that_the_tokenizer_does_not_have) {
    const Beside beside = {{"tokenizer.json", testing::marked_tokenizer()}, {"config.json", {{"eos_token_id", 50256}}}};
    std::vector<std::string> notes;
    EXPECT_EQ(import(testing::byte_level_vocabulary(), merges_text, beside, notes).eos, no_token);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("50256"), std::string::npos);
}

}  // namespace
}  // namespace mote::tools
