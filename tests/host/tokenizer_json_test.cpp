// tokenizer.json: both forms, and every part that is refused by name.
#include <gtest/gtest.h>

#include "make_checkpoint.h"
#include "opened_tokenizer.h"
#include "refusal.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::tools {
namespace {

using testing::byte_level_tokenizer;
using testing::expect_refusal;
using testing::Json;
using testing::marked_tokenizer;
using testing::OpenedTokenizer;
using testing::special_token;
using testing::TemporaryFolder;

using Ids = std::vector<uint32_t>;
const std::string mark = "\xe2\x96\x81";

TokenizerModel import_text(const std::string& text) {
    const TemporaryFolder folder;
    return import_tokenizer(folder.write("tokenizer.json", text));
}

TokenizerModel import(const Json& json) { return import_text(json.dump()); }

std::vector<std::string> notes_of(const Json& json) {
    const TemporaryFolder folder;
    std::vector<std::string> notes;
    import_tokenizer(folder.write("tokenizer.json", json.dump()), notes);
    return notes;
}

void expect_refused(const std::string& code, std::initializer_list<const char*> parts, const Json& json) {
    expect_refusal(code, parts, [&] { import(json); });
}

EncodeOptions with_specials() {
    EncodeOptions options = testing::plain();
    options.parse_special = true;
    return options;
}

// ---- the SentencePiece-like form

TEST(tokenizer_json, reads_marked_spaces) {
    const TokenizerModel m = import(marked_tokenizer());
    EXPECT_EQ(m.flags, tokenizer_prefix_space | tokenizer_prefix_every | tokenizer_fold_space | tokenizer_add_bos | tokenizer_fuse_unk);
    EXPECT_EQ(m.pre_tokenizer, PreTokenizer::none);
    EXPECT_EQ(m.pieces[7], " ab");
    EXPECT_EQ(m.unk, 0u);
    EXPECT_EQ(m.bos, 1u);
    EXPECT_EQ(m.eos, no_token);
    const OpenedTokenizer t(m);
    EXPECT_EQ(t.encode("ab ab"), (Ids{1, 7, 7}));
    EXPECT_EQ(t.encode("b" + mark + "ab"), (Ids{1, 3, 5, 7}));
    EXPECT_EQ(t.decode({1, 7, 7}), "ab ab");
}

TEST(tokenizer_json, fuses_unknown_characters_where_the_file_says_so) {
    Json json = marked_tokenizer();
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("xyzb", testing::plain()), (Ids{3, 0, 5}));
    json["model"]["fuse_unk"] = false;
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("xyzb", testing::plain()), (Ids{3, 0, 0, 0, 5}));
}

TEST(tokenizer_json, falls_back_to_byte_pieces) {
    Json json = marked_tokenizer();
    json["model"]["vocab"]["<0xC3>"] = 8;
    json["model"]["vocab"]["<0xA9>"] = 9;
    const TokenizerModel m = import(json);
    EXPECT_EQ(m.byte_ids[0xc3], 8u);
    EXPECT_EQ(m.pieces[9], "\xa9");
    const OpenedTokenizer t(m);
    EXPECT_EQ(t.encode("\xc3\xa9\xc3\xa8", testing::plain()), (Ids{3, 8, 9, 0}));
    EXPECT_EQ(t.decode({3, 8, 9}), "\xc3\xa9");
}

TEST(tokenizer_json, puts_no_space_in_front_without_prepend) {
    Json json = marked_tokenizer();
    json["normalizer"] = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", mark}};
    json["decoder"]["decoders"].erase(3);
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("ab ab", testing::plain()), (Ids{6, 7}));
}

Json metaspace(const char* scheme, const Json& split) {
    return {{"type", "Metaspace"}, {"replacement", mark}, {"prepend_scheme", scheme}, {"split", split}};
}

Json metaspace_tokenizer(const char* scheme, const Json& split) {
    Json json = marked_tokenizer();
    json["normalizer"] = nullptr;
    json["pre_tokenizer"] = metaspace(scheme, split);
    json["decoder"] = {{"type", "Sequence"}, {"decoders", {{{"type", "ByteFallback"}}, metaspace(scheme, split)}}};
    return json;
}

TEST(tokenizer_json, metaspace_cuts_at_every_mark_or_nowhere) {
    for (const bool split : {true, false}) {
        Json json = metaspace_tokenizer("never", split);
        EXPECT_EQ(OpenedTokenizer(import(json)).encode("ab ab", testing::plain()), (Ids{6, 7}));
        json["model"]["vocab"]["b" + mark] = 8;
        json["model"]["merges"].push_back("b " + mark);
        EXPECT_EQ(OpenedTokenizer(import(json)).encode("b b", testing::plain()), split ? (Ids{5, 3, 5}) : (Ids{8, 5}));
    }
}

TEST(tokenizer_json, metaspace_prepends_where_no_mark_is) {
    for (const char* scheme : {"always", "first"}) {
        const OpenedTokenizer t(import(metaspace_tokenizer(scheme, true)));
        EXPECT_EQ(t.encode("ab", testing::plain()), Ids{7});
        EXPECT_EQ(t.encode(" ab", testing::plain()), Ids{7});
        EXPECT_EQ(t.encode(mark + "ab", testing::plain()), Ids{7});
        EXPECT_EQ(t.encode("<s>ab", with_specials()), std::string(scheme) == "always" ? (Ids{1, 7}) : (Ids{1, 6})) << scheme;
        EXPECT_EQ(t.decode({7, 7}), "ab ab");
    }
    expect_refused("E_UNSUPPORTED", {"Metaspace", "prepend_scheme", "last"}, metaspace_tokenizer("last", true));
}

TEST(tokenizer_json, prepend_goes_behind_every_control_token) {
    EXPECT_EQ(OpenedTokenizer(import(marked_tokenizer())).encode("ab<s>ab", with_specials()), (Ids{7, 1, 7}));
}

TEST(tokenizer_json, refuses_a_decoder_that_takes_away_what_encoding_did_not_add) {
    Json json = metaspace_tokenizer("never", true);
    json["decoder"]["decoders"][1]["prepend_scheme"] = "always";
    expect_refused("E_UNSUPPORTED", {"decoder", "space"}, json);
}

// ---- the byte-level form

TEST(tokenizer_json, reads_byte_level_vocabularies) {
    const TokenizerModel m = import(byte_level_tokenizer());
    EXPECT_EQ(m.flags, 0u);
    EXPECT_EQ(m.pre_tokenizer, PreTokenizer::gpt2);
    EXPECT_EQ(m.pieces[257], " he");
    EXPECT_EQ(m.pieces[0], std::string(1, '\0'));
    EXPECT_EQ(m.byte_ids[' '], uint32_t(' '));
    EXPECT_EQ(m.unk, no_token);
    const OpenedTokenizer t(m);
    EXPECT_EQ(t.encode("he he"), (Ids{256, 257}));
    EXPECT_EQ(t.encode("\xff\xc3\xa9"), (Ids{0xff, 0xc3, 0xa9}));
    EXPECT_EQ(t.decode({0xff, 0xc3, 0xa9}), "\xff\xc3\xa9");
}

TEST(tokenizer_json, splits_no_words_without_use_regex) {
    Json json = byte_level_tokenizer();
    json["model"]["vocab"]["e\xc4\xa0"] = 259;  // "e "
    json["model"]["merges"] = {"e \xc4\xa0"};
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("e h"), (Ids{'e', ' ', 'h'}));
    json["pre_tokenizer"]["use_regex"] = false;
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("e h"), (Ids{259, 'h'}));
}

TEST(tokenizer_json, refuses_a_byte_without_token_unless_there_is_an_unknown_one) {
    Json json = byte_level_tokenizer();
    json["model"]["vocab"].erase("z");
    json["model"]["vocab"]["<unk>"] = 122;
    expect_refused("E_MISSING", {"byte 122"}, json);
    json["model"]["unk_token"] = "<unk>";
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("azz"), (Ids{'a', 122, 122}));
    json["model"]["fuse_unk"] = true;
    expect_refused("E_UNSUPPORTED", {"byte 122", "fuse_unk"}, json);
}

// ---- special tokens

TEST(tokenizer_json, makes_special_tokens_only_on_request) {
    const OpenedTokenizer t(import(byte_level_tokenizer()));
    EXPECT_EQ(t.encode("<|endoftext|>", with_specials()), Ids{258});
    EXPECT_GT(t.encode("<|endoftext|>", testing::plain()).size(), 1u);
    EXPECT_EQ(t.decode({258, 'a'}), "a");
}

TEST(tokenizer_json, takes_added_tokens_beyond_the_vocabulary) {
    Json json = byte_level_tokenizer();
    json["added_tokens"].push_back(special_token(259, "<|im_end|>"));
    const OpenedTokenizer t(import(json));
    EXPECT_EQ(t.encode("a<|im_end|>", with_specials()), (Ids{'a', 259}));
}

TEST(tokenizer_json, prefers_the_longest_special_token) {
    Json json = byte_level_tokenizer();
    json["added_tokens"].push_back(special_token(259, "<|endoftext|>!"));
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("<|endoftext|>!", with_specials()), Ids{259});
}

TEST(tokenizer_json, finds_added_tokens_that_are_not_special_in_any_text) {
    Json json = byte_level_tokenizer();
    json["added_tokens"].push_back(special_token(259, "<think>"));
    json["added_tokens"][1]["special"] = false;
    EXPECT_EQ(notes_of(json).size(), 0u);
    const OpenedTokenizer t(import(json));
    EXPECT_EQ(t.encode("he<think>he<|endoftext|>", testing::plain()).size(), 3 + std::string("<|endoftext|>").size());
    EXPECT_EQ(t.encode("a<think>", with_specials()), (Ids{'a', 259}));
    EXPECT_EQ(t.decode({259}), "<think>");
    json = marked_tokenizer();
    json["added_tokens"][0]["special"] = false;
    json["added_tokens"][0]["normalized"] = true;
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("ab <unk>ab", testing::plain()), (Ids{7, 0, 6}));  // with the normalizer's space
}

// ---- how words are cut

Json split_part(const char* regex, const char* behavior = "Isolated") {
    return {{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", behavior}, {"invert", false}};
}

Json with_pre_tokenizers(const std::vector<Json>& parts) {
    Json json = byte_level_tokenizer();
    Json list = Json(parts);
    json["pre_tokenizer"]["use_regex"] = false;
    list.push_back(json["pre_tokenizer"]);
    json["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", list}};
    return json;
}

constexpr const char* qwen2_regex =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

uint32_t stages(std::initializer_list<PreTokenizer> list) {
    uint32_t packed = 0, shift = 0;
    for (const PreTokenizer stage : list) {
        packed |= uint32_t(stage) << shift;
        shift += pre_tokenizer_bits;
    }
    return packed;
}

TEST(tokenizer_json, knows_split_patterns_by_their_text) {
    EXPECT_EQ(import(with_pre_tokenizers({split_part(qwen2_regex)})).pre_tokenizer, PreTokenizer::qwen2);
    Json inverted = split_part(qwen2_regex, "Removed");
    inverted["invert"] = true;
    EXPECT_EQ(import(with_pre_tokenizers({inverted})).pre_tokenizer, PreTokenizer::qwen2);
    const TokenizerModel m =
        import(with_pre_tokenizers({split_part("[\r\n]"), split_part("\\s?\\p{L}+"), split_part("\\s?\\p{P}+"),
                                    split_part("[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"), {{"type", "Digits"}, {"individual_digits", true}}}));
    EXPECT_EQ(uint32_t(m.pre_tokenizer), stages({PreTokenizer::newline, PreTokenizer::letters, PreTokenizer::punctuation,
                                                 PreTokenizer::ideographs, PreTokenizer::digit}));
    expect_refused("E_UNSUPPORTED", {"Split", "pattern", "\\w+"}, with_pre_tokenizers({split_part("\\w+")}));
    expect_refused("E_UNSUPPORTED", {"Split", "behavior", "MergedWithNext"}, with_pre_tokenizers({split_part(qwen2_regex, "MergedWithNext")}));
    expect_refused("E_UNSUPPORTED", {"Split", "Removed"}, with_pre_tokenizers({split_part("[\r\n]", "Removed")}));
}

TEST(tokenizer_json, cuts_behind_byte_level_work_on_bytes) {
    Json json = byte_level_tokenizer();
    const Json byte_level = json["pre_tokenizer"];
    json["pre_tokenizer"] = {{"type", "Sequence"},
                             {"pretokenizers",
                              {{{"type", "Punctuation"}, {"behavior", "Contiguous"}}, byte_level, {{"type", "Digits"}, {"individual_digits", false}},
                               split_part("[0-9][0-9][0-9]")}}};
    EXPECT_EQ(uint32_t(import(json).pre_tokenizer),
              stages({PreTokenizer::marks, PreTokenizer::gpt2, PreTokenizer::byte_digits, PreTokenizer::three_digits}));
    json["pre_tokenizer"]["pretokenizers"][2]["individual_digits"] = true;
    expect_refused("E_UNSUPPORTED", {"Digits", "individual_digits"}, json);
    json["pre_tokenizer"]["pretokenizers"][2] = split_part("\\p{N}");
    expect_refused("E_UNSUPPORTED", {"Split", "behind ByteLevel"}, json);
}

TEST(tokenizer_json, takes_words_that_are_tokens_before_it_merges) {
    Json json = byte_level_tokenizer();
    json["model"]["vocab"]["hex"] = 259;
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("hex he"), (Ids{256, 'x', 257}));
    json["model"]["ignore_merges"] = true;
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("hex he hexa"), (Ids{259, 257, 257, 'x', 'a'}));
}

TEST(tokenizer_json, byte_level_puts_a_space_where_none_is_and_keeps_it) {
    Json json = byte_level_tokenizer();
    json["pre_tokenizer"]["add_prefix_space"] = true;
    const OpenedTokenizer t(import(json));
    EXPECT_EQ(t.encode("he he"), (Ids{257, 257}));
    EXPECT_EQ(t.encode(" he"), Ids{257});
    EXPECT_EQ(t.encode("\nhe"), (Ids{' ', '\n', 256}));
    EXPECT_EQ(t.decode({257}), " he");
}

TEST(tokenizer_json, refuses_added_tokens_that_do_not_fit) {
    Json json = byte_level_tokenizer();
    json["added_tokens"][0]["id"] = 400;
    expect_refused("E_DUP", {"<|endoftext|>", "400", "258"}, json);
    json = byte_level_tokenizer();
    json["added_tokens"].push_back(special_token(400, "<x>"));
    expect_refused("E_RANGE", {"<x>", "400"}, json);
    json = byte_level_tokenizer();
    json["added_tokens"].push_back(special_token(257, "<x>"));
    expect_refused("E_DUP", {"257"}, json);
    json = byte_level_tokenizer();
    json["added_tokens"].push_back(json["added_tokens"][0]);
    expect_refused("E_DUP", {"<|endoftext|>"}, json);
    json = byte_level_tokenizer();
    json["added_tokens"].push_back(special_token(259, ""));
    expect_refused("E_EMPTY", {"added_tokens[1]"}, json);
}

TEST(tokenizer_json, takes_begin_and_end_from_the_template) {
    Json json = marked_tokenizer();
    json["post_processor"]["single"].push_back({{"SpecialToken", {{"id", "</s>"}, {"type_id", 0}}}});
    json["post_processor"]["special_tokens"]["</s>"] = {{"id", "</s>"}, {"ids", {2}}, {"tokens", {"</s>"}}};
    const TokenizerModel m = import(json);
    EXPECT_EQ(m.eos, 2u);
    EXPECT_EQ(OpenedTokenizer(m).encode("ab"), (Ids{1, 7, 2}));
}

TEST(tokenizer_json, refuses_templates_it_cannot_express) {
    Json json = marked_tokenizer();
    json["post_processor"]["single"].insert(json["post_processor"]["single"].begin(), json["post_processor"]["single"][0]);
    expect_refused("E_UNSUPPORTED", {"TemplateProcessing", "more than one"}, json);
    json = marked_tokenizer();
    json["post_processor"]["special_tokens"]["<s>"]["ids"] = {1, 1};
    expect_refused("E_UNSUPPORTED", {"several ids"}, json);
    json = marked_tokenizer();
    json["post_processor"]["special_tokens"]["<s>"]["ids"] = {8};
    expect_refused("E_TOKEN", {"id 8", "8 tokens"}, json);
}

TEST(tokenizer_json, takes_the_end_from_the_files_beside_it) {
    const TemporaryFolder folder;
    const std::string file = folder.write("tokenizer.json", marked_tokenizer().dump());
    EXPECT_EQ(import_tokenizer(file).eos, no_token);
    folder.write("tokenizer_config.json", R"({"eos_token": {"content": "<unk>"}})");
    EXPECT_EQ(import_tokenizer(file).eos, 0u);
    folder.write("config.json", R"({"eos_token_id": 2, "bos_token_id": 0})");
    EXPECT_EQ(import_tokenizer(folder.path()).eos, 2u);
    EXPECT_EQ(import_tokenizer(folder.path()).bos, 1u);  // the template says so
    folder.write("generation_config.json", R"({"eos_token_id": [5, 2]})");
    std::vector<std::string> notes;
    EXPECT_EQ(import_tokenizer(folder.path(), notes).eos, 5u);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("2 ids; the first is used"), std::string::npos);
}

TEST(tokenizer_json, of_another_name_has_a_configuration_of_its_own) {
    const TemporaryFolder folder;
    const std::string file = folder.write("small.json", marked_tokenizer().dump());
    folder.write("tokenizer_config.json", R"({"eos_token": "<unk>"})");
    EXPECT_EQ(import_tokenizer(file).eos, 0u);
    folder.write("small_config.json", R"({"eos_token": "</s>"})");
    EXPECT_EQ(import_tokenizer(file).eos, 2u);
}

// ---- what is refused

// ---- normalizers of single characters

// What each text becomes, by the tokens of its bytes.
std::vector<std::string> normalized(const std::vector<std::string>& types, const std::vector<std::string>& texts) {
    Json json = byte_level_tokenizer(), parts = Json::array();
    for (const std::string& type : types) parts.push_back({{"type", type}});
    json["normalizer"] = {{"type", "Sequence"}, {"normalizers", parts}};
    const OpenedTokenizer t(import(json));
    std::vector<std::string> out;
    for (const std::string& text : texts) out.push_back(t.decode(t.encode(text, testing::plain())));
    return out;
}

// As Rust's char::to_lowercase has it: without regard to neighbours, so that no sigma is a last one.
TEST(tokenizer_json, lower_case_is_that_of_each_character) {
    EXPECT_EQ(normalized({"Lowercase"}, {"HE He \u00c9\u0416", "\u03a3\u039f\u03a3", "\u0130\u1e9e\u01c5", "\xff" "A\xc3"}),
              (std::vector<std::string>{"he he \u00e9\u0436", "\u03c3\u03bf\u03c3", "i\u0307\u00df\u01c6", "\xff" "a\xc3"}));
}

TEST(tokenizer_json, accents_are_marks_of_every_kind) {
    EXPECT_EQ(normalized({"StripAccents"}, {"e\u0301 \u00e9", "\u0301\u0301", "\u0915\u093e\u20dd|"}), (std::vector<std::string>{"e \u00e9", "", "\u0915|"}));
}

TEST(tokenizer_json, a_form_comes_before_lower_case_and_accents) {
    EXPECT_EQ(normalized({"NFD", "Lowercase", "StripAccents"}, {"\u00c9t\u00c9 \u0130\u1ead", "\uac01"}),
              (std::vector<std::string>{"ete ia", "\u1100\u1161\u11a8"}));
    EXPECT_EQ(normalized({"NFKC", "Lowercase"}, {"\uff28\uff25 E\u0301"}), std::vector<std::string>{"he \u00e9"});
    EXPECT_EQ(normalized({"StripAccents", "Lowercase"}, {"\u0130"}), std::vector<std::string>{"i\u0307"});  // what one adds the other does not see
    EXPECT_EQ(normalized({"Lowercase", "StripAccents"}, {"\u0130"}), std::vector<std::string>{"i"});
}

TEST(tokenizer_json, refuses_normalizers_whose_order_matters) {
    Json json = byte_level_tokenizer();
    json["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "Lowercase"}}, {{"type", "NFC"}}}}};
    expect_refused("E_UNSUPPORTED", {"normalizers[1]", "NFC"}, json);
    json["normalizer"] = {{"type", "StripAccents"}};
    json["pre_tokenizer"]["add_prefix_space"] = true;
    expect_refused("E_UNSUPPORTED", {"StripAccents", "space in front"}, json);
}

TEST(tokenizer_json, lower_case_goes_with_marked_spaces) {
    Json json = marked_tokenizer();
    json["normalizer"]["normalizers"].push_back({{"type", "Lowercase"}});
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("AB ab", testing::plain()), (Ids{7, 7}));
}

TEST(tokenizer_json, robertas_tokens_stand_around_a_text_once) {
    Json json = byte_level_tokenizer();
    const Json roberta = {{"type", "RobertaProcessing"}, {"cls", {"a", 97}}, {"sep", {"<|endoftext|>", 258}}, {"trim_offsets", true}, {"add_prefix_space", false}};
    json["post_processor"] = roberta;
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("he"), (Ids{97, 256, 258}));
    json["post_processor"] = {{"type", "Sequence"}, {"processors", {roberta, {{"type", "ByteLevel"}}, roberta}}};
    expect_refused("E_UNSUPPORTED", {"processors[2]", "RobertaProcessing", "more than one"}, json);
}

TEST(tokenizer_json, refuses_parts_it_does_not_implement_by_name) {
    for (const char* name : {"Strip", "BertNormalizer", "Precompiled", "NewOne"}) {
        Json json = byte_level_tokenizer();
        json["normalizer"] = {{"type", name}};
        expect_refused("E_UNSUPPORTED", {"normalizer", name}, json);
    }
    for (const char* name : {"Split", "Whitespace", "UnicodeScripts", "BertPreTokenizer"}) {
        Json json = byte_level_tokenizer();
        json["pre_tokenizer"] = {{"type", name}, {"pattern", {{"Regex", "(a+)+$"}}}};
        expect_refused("E_UNSUPPORTED", {"pre_tokenizer", name}, json);
    }
    for (const char* name : {"WordPiece", "CTC", "Metaspace"}) {
        Json json = byte_level_tokenizer();
        json["decoder"] = {{"type", name}};
        expect_refused("E_UNSUPPORTED", {"decoder", name}, json);
    }
    for (const char* name : {"NewProcessing"}) {
        Json json = byte_level_tokenizer();
        json["post_processor"] = {{"type", name}};
        expect_refused("E_UNSUPPORTED", {"post_processor", name}, json);
    }
    for (const char* name : {"WordLevel", "Char"}) {
        Json json = byte_level_tokenizer();
        json["model"]["type"] = name;
        expect_refused("E_UNSUPPORTED", {"model", name, "BPE"}, json);
    }
}

TEST(tokenizer_json, refuses_normalizers_that_are_not_those_of_spaces) {
    const auto refused = [](Json part, const char* what) {
        Json json = marked_tokenizer();
        json["normalizer"]["normalizers"].push_back(part);
        expect_refused("E_UNSUPPORTED", {"normalizers[2]", what}, json);
    };
    for (const char* name : {"NFC", "NFKC", "Strip", "Nmt"}) refused({{"type", name}}, name);
    refused({{"type", "Replace"}, {"pattern", {{"String", "``"}}}, {"content", "\""}}, "Replace");
    refused({{"type", "Replace"}, {"pattern", {{"Regex", " {2,}"}}}, {"content", " "}}, "Replace");
    refused({{"type", "Prepend"}, {"prepend", "x"}}, "Prepend");
}

TEST(tokenizer_json, refuses_parts_with_other_settings) {
    Json json = byte_level_tokenizer();
    json["pre_tokenizer"]["add_prefix_space"] = true;
    json["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {{{"type", "Digits"}}, json["pre_tokenizer"]}}};
    expect_refused("E_UNSUPPORTED", {"ByteLevel", "add_prefix_space"}, json);
    json = byte_level_tokenizer();
    json["pre_tokenizer"] = {{"type", "Punctuation"}, {"behavior", "Isolated"}};
    expect_refused("E_UNSUPPORTED", {"Punctuation", "Isolated"}, json);
    json = byte_level_tokenizer();
    json["pre_tokenizer"] = nullptr;
    expect_refused("E_UNSUPPORTED", {"neither"}, json);
    json = byte_level_tokenizer();
    json["decoder"] = nullptr;
    expect_refused("E_UNSUPPORTED", {"decoder"}, json);
    json = marked_tokenizer();
    json["normalizer"]["normalizers"][1]["content"] = "_";
    expect_refused("E_UNSUPPORTED", {"normalizers[1]", "Replace"}, json);
    json = marked_tokenizer();
    json["decoder"]["decoders"].erase(3);
    expect_refused("E_UNSUPPORTED", {"decoder", "space"}, json);
    json = marked_tokenizer();
    json["decoder"]["decoders"].erase(1);
    expect_refused("E_MISMATCH", {"ByteFallback", "byte_fallback"}, json);
    json = marked_tokenizer();
    json["decoder"]["decoders"].erase(0);
    expect_refused("E_UNSUPPORTED", {"U+2581"}, json);
}

TEST(tokenizer_json, refuses_parts_that_do_not_go_together) {
    const Json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
    const auto refused = [&](std::initializer_list<Json> parts, const char* what, const char* why) {
        Json json = byte_level_tokenizer();
        json["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", parts}};
        expect_refused("E_UNSUPPORTED", {what, why}, json);
    };
    refused({bytes, bytes}, "pretokenizers[1]", "it stands twice");
    refused({{{"type", "Split"}, {"pattern", {{"String", " "}}}, {"behavior", "Isolated"}}, bytes}, "Split", "its pattern is no Regex");
    refused({bytes, {{"type", "Punctuation"}, {"behavior", "Contiguous"}}}, "Punctuation", "behind ByteLevel");
    Json json = byte_level_tokenizer();
    json["normalizer"] = {{"type", "Prepend"}, {"prepend", mark}};
    expect_refused("E_UNSUPPORTED", {"Prepend without Replace"}, json);
    json = marked_tokenizer();
    json["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", mark}, {"prepend_scheme", "always"}, {"split", false}};
    expect_refused("E_UNSUPPORTED", {"Metaspace", "together with the normalizer Prepend"}, json);
    json["normalizer"] = nullptr;
    json["pre_tokenizer"]["replacement"] = "_";
    expect_refused("E_UNSUPPORTED", {"its replacement is not U+2581"}, json);
    json = marked_tokenizer();
    json["decoder"]["decoders"].push_back({{"type", "CTC"}});
    expect_refused("E_UNSUPPORTED", {"decoders[4]", "CTC"}, json);
}

TEST(tokenizer_json, refuses_model_settings_that_change_ids) {
    const std::pair<const char*, Json> settings[] = {{"dropout", 0.1},
                                                     {"end_of_word_suffix", "</w>"},
                                                     {"continuing_subword_prefix", "##"},
                                                     {"byte_fallback", true}};
    for (const auto& [key, value] : settings) {
        Json json = byte_level_tokenizer();
        json["model"][key] = value;
        expect_refused("E_UNSUPPORTED", {key}, json);
    }
    Json json = byte_level_tokenizer();
    json["model"]["unk_token"] = "<none>";
    expect_refused("E_MISSING", {"<none>"}, json);
}

TEST(tokenizer_json, notes_truncation_and_padding) {
    Json json = byte_level_tokenizer();
    json["truncation"] = {{"max_length", 8}};
    ASSERT_EQ(notes_of(json).size(), 1u);
    EXPECT_NE(notes_of(json)[0].find("truncation"), std::string::npos);
}

// ---- the file

TEST(tokenizer_json, refuses_files_without_content) {
    expect_refusal("E_EMPTY", {}, [] { import_text(""); });
    expect_refusal("E_EMPTY", {}, [] { import_text(" \n "); });
    expect_refusal("E_TYPE", {"object"}, [] { import_text("[]"); });
    expect_refusal("E_TYPE", {"object"}, [] { import_text("null"); });
    expect_refusal("E_MISSING", {"model"}, [] { import_text("{}"); });
}

TEST(tokenizer_json, refuses_a_file_cut_at_any_byte) {
    const std::string whole = marked_tokenizer().dump();
    for (size_t n = 1; n < whole.size(); n++)
        expect_refusal("E_SYNTAX", {"tokenizer.json", "byte"}, [&] { import_text(whole.substr(0, n)); });
}

TEST(tokenizer_json, refuses_deep_nesting_and_duplicate_keys) {
    expect_refusal("E_DEPTH", {}, [] { import_text(std::string(100000, '[')); });
    std::string text = marked_tokenizer().dump();
    text.replace(text.find("\"ab\":6"), 6, "\"a\":6");
    expect_refusal("E_DUP", {"\"a\""}, [&] { import_text(text); });
}

TEST(tokenizer_json, accepts_a_byte_order_mark) {
    EXPECT_EQ(import_text("\xef\xbb\xbf" + marked_tokenizer().dump()).pieces.size(), 8u);
}

// ---- the vocabulary

TEST(tokenizer_json, refuses_a_vocabulary_that_is_none) {
    Json json = marked_tokenizer();
    json["model"].erase("vocab");
    expect_refused("E_MISSING", {"vocab"}, json);
    json["model"]["vocab"] = Json::array();
    expect_refused("E_TYPE", {"model.vocab"}, json);
    json["model"]["vocab"] = Json::object();
    expect_refused("E_EMPTY", {"model.vocab"}, json);
}

TEST(tokenizer_json, refuses_ids_that_are_not_dense) {
    const auto with_id = [](const Json& id) {
        Json json = marked_tokenizer();
        json["model"]["vocab"]["ab"] = id;
        return json;
    };
    expect_refused("E_DUP", {"id 5"}, with_id(5));
    expect_refused("E_RANGE", {"id 6"}, with_id(8));
    expect_refused("E_RANGE", {"100", "11 tokens"}, with_id(100));
    expect_refused("E_RANGE", {"-1"}, with_id(-1));
    expect_refused("E_RANGE", {"16777216"}, with_id(1 << 24));
    expect_refused("E_RANGE", {"9007199254740993"}, with_id(9007199254740993));
    expect_refused("E_TYPE", {"integer"}, with_id(6.0));
}

TEST(tokenizer_json, accepts_tokens_that_no_merge_makes) {
    Json json = marked_tokenizer();
    json["model"]["merges"] = Json::array();
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("ab", testing::plain()), (Ids{3, 4, 5}));
}

TEST(tokenizer_json, refuses_a_token_of_a_megabyte) {
    Json json = marked_tokenizer();
    json["model"]["vocab"][std::string(1 << 20, 'a')] = 8;
    expect_refused("E_LIMIT", {"1048576 bytes"}, json);
}

// ---- merges

TEST(tokenizer_json, refuses_two_million_merges_before_it_reads_them) {
    std::string text = marked_tokenizer().dump(), many((1 << 22) + 2, '0');
    for (size_t i = 1; i < many.size(); i += 2) many[i] = ',';
    const size_t merges = text.find("\"merges\":[") + 10;
    text.insert(merges, many);
    const TemporaryFolder folder;
    expect_refusal("E_LIMIT", {"model.merges", "at most 2097152"}, [&] { import_tokenizer(folder.write("tokenizer.json", text)); });
}

TEST(tokenizer_json, reads_merges_as_pairs_and_as_text) {
    Json json = marked_tokenizer();
    const Ids ids = OpenedTokenizer(import(json)).encode("ab ab");
    json["model"]["merges"] = Json::array({Json::array({"a", "b"}), Json::array({mark, "ab"})});
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("ab ab"), ids);
}

TEST(tokenizer_json, refuses_merges_that_are_not_two_tokens) {
    for (const Json& merge :
         {Json("ab"), Json("a b c"), Json(" b"), Json("a "), Json(""), Json{"a"}, Json{"a", "b", "b"}, Json{"", "b"}}) {
        Json json = marked_tokenizer();
        json["model"]["merges"][0] = merge;
        expect_refused("E_SYNTAX", {"model.merges[0]"}, json);
    }
    Json json = marked_tokenizer();
    json["model"]["merges"][0] = 3;
    expect_refused("E_TYPE", {"model.merges[0]"}, json);
}

TEST(tokenizer_json, refuses_merges_of_or_into_tokens_that_are_absent) {
    Json json = marked_tokenizer();
    json["model"]["merges"].push_back("a x");
    expect_refused("E_TOKEN", {"model.merges[2]", "\"x\""}, json);
    json["model"]["merges"][2] = "b a";
    expect_refused("E_TOKEN", {"model.merges[2]", "\"ba\""}, json);
}

TEST(tokenizer_json, keeps_the_first_of_equal_merges_and_notes_it) {
    Json json = marked_tokenizer();
    json["model"]["vocab"]["ba"] = 8;
    json["model"]["merges"] = {"a b", "b a", "a b"};
    EXPECT_EQ(import(json).merges.size(), 2u);
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("aba", testing::plain()), (Ids{3, 6, 4}));  // "b a" would be first if the last counted
    ASSERT_EQ(notes_of(json).size(), 1u);
    EXPECT_NE(notes_of(json)[0].find("1 merges stand twice"), std::string::npos);
}

}  // namespace
}  // namespace mote::tools
