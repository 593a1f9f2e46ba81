// unicode_forms: NFC, NFD, NFKC and NFKD while text is encoded, against Python's unicodedata (unicode_forms.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <unordered_map>

#include "base/utf8.h"
#include "make_checkpoint.h"
#include "mote/model.h"
#include "model/unpack_tokenizer.h"
#include "opened_tokenizer.h"
#include "refusal.h"
#include "shared_data.h"
#include "test_vectors.h"
#include "tokenizer/tokenizer_import.h"
#include "tokenizer/unicode_forms.h"
#include "tokenizer/write_tokenizer_json.h"

namespace mote::tools {
namespace {

using testing::byte_level_tokenizer;
using testing::expect_refusal;
using testing::Json;
using testing::OpenedTokenizer;
using testing::plain;
using testing::read_file;
using testing::TemporaryFolder;

constexpr const char* forms[] = {"NFC", "NFD", "NFKC", "NFKD"};

Json byte_level_with(const std::string& form) {
    Json json = byte_level_tokenizer();
    json["normalizer"] = {{"type", form}};
    json["pre_tokenizer"]["use_regex"] = false;
    return json;
}

TokenizerModel import(const Json& json) {
    const TemporaryFolder folder;
    return import_tokenizer(folder.write("tokenizer.json", json.dump()));
}

// Tokens of bytes: decoding them shows what the text became.
class Former {
public:
    explicit Former(const std::string& form) : tokenizer_(import(byte_level_with(form))) {}

    std::string operator()(const std::string& text) const { return tokenizer_.decode(tokenizer_.encode(text, plain())); }

private:
    OpenedTokenizer tokenizer_;
};

const Json& vectors() {
    static const Json read = Json::parse(read_file(std::string(MOTE_TESTS_HOST) + "/unicode_forms.json"));
    return read;
}

std::string repeated(const std::string& text, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; i++) out += text;
    return out;
}

TEST(unicode_forms, of_hard_texts_are_those_of_unicodedata) {
    for (const char* form : forms) {
        const Former formed(form);
        for (const Json& v : vectors()["texts"]) EXPECT_EQ(formed(v["text"]), v[form].get<std::string>()) << form << " " << v["text"];
    }
}

TEST(unicode_forms, of_random_texts_are_those_of_unicodedata) {
    const std::vector<uint32_t> alphabet = vectors()["alphabet"];
    for (const char* form : forms) {
        const Former formed(form);
        uint64_t state = 1;
        std::string all;
        for (size_t text = 0; text < vectors()["random_texts"]; text++) {
            std::string random;
            for (size_t i = 0; i < vectors()["characters"]; i++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                random += utf8(alphabet[(state >> 32) % alphabet.size()]);
            }
            all += formed(random);
        }
        EXPECT_EQ(crc32(0, all.data(), all.size()), vectors()["sums"][form].get<uint32_t>()) << form;
    }
}

// Columns 1 to 5 of Unicode's own test, as text; c1 to c3 have the same canonical forms, c4 and c5 as well, and all the same others.
std::vector<std::array<std::string, 5>> conformance_lines() {
    std::istringstream file(read_file(testing::shared_data("unicode/NormalizationTest.txt")));
    std::vector<std::array<std::string, 5>> lines;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#' || line[0] == '@') continue;
        std::istringstream columns(line);
        lines.emplace_back();
        for (std::string& text : lines.back()) {
            std::string column;
            std::getline(columns, column, ';');
            std::istringstream codes(column);
            for (uint32_t code; codes >> std::hex >> code;) text += utf8(code);
        }
    }
    return lines;
}

TEST(unicode_forms, pass_unicodes_conformance_test) {
    MOTE_NEEDS("unicode/NormalizationTest.txt");
    const auto lines = conformance_lines();
    ASSERT_GT(lines.size(), 18000u);
    constexpr size_t expected[4][5] = {{1, 1, 1, 3, 3}, {2, 2, 2, 4, 4}, {3, 3, 3, 3, 3}, {4, 4, 4, 4, 4}};  // columns, by form
    for (size_t form = 0; form < 4; form++) {
        std::string texts, want;
        for (const auto& line : lines)
            for (size_t column = 0; column < 5; column++) {
                texts += line[column] + "\n";
                want += line[expected[form][column]] + "\n";
            }
        EXPECT_TRUE(Former(forms[form])(texts) == want) << forms[form];
    }
}

TEST(unicode_forms, put_long_runs_of_marks_in_order) {
    const std::string above = "\u0315", below = "\u0316";  // classes 232 and 220
    const size_t n = 20000;
    EXPECT_EQ(Former("NFC")("a" + repeated(above + below, n)), "a" + repeated(below, n) + repeated(above, n));
    EXPECT_EQ(Former("NFC")("e" + repeated(below, n) + "\u0301"), "\u00e9" + repeated(below, n));
}

TEST(unicode_forms, leave_bytes_that_are_no_characters) {
    EXPECT_EQ(Former("NFC")("e\xff\xcc\x81 e\xcc \xcc\x81\xe2\x84"), "e\xff\xcc\x81 e\xcc \xcc\x81\xe2\x84");
    EXPECT_EQ(Former("NFKD")("\xff\u00e9\xc3"), "\xff" "e\u0301\xc3");
}

// U+1D160 and U+FDFA become three and eleven times as long; encode_scratch is for the worst text.
TEST(unicode_forms, have_scratch_for_the_text_that_grows_most) {
    EXPECT_EQ(Former("NFC")(repeated("\U0001d160", 500)), repeated("\U0001d158\U0001d165\U0001d16e", 500));
    EXPECT_EQ(Former("NFKC")(repeated("\ufdfa", 500)).size(), 500u * 33);
    EXPECT_GT(encode_scratch(OpenedTokenizer(import(byte_level_with("NFC"))).core(), 100).value,
              3 * encode_scratch(OpenedTokenizer(import(byte_level_tokenizer())).core(), 100).value);
}

TEST(unicode_forms, begin_again_behind_control_tokens) {
    const OpenedTokenizer t(import(byte_level_with("NFC")));
    EncodeOptions options = plain();
    options.parse_special = true;
    EXPECT_EQ(t.encode("e<|endoftext|>\u0301", options), (std::vector<uint32_t>{'e', 258, 0xcc, 0x81}));
    EXPECT_EQ(t.encode("e\u0301<|endoftext|>", options), (std::vector<uint32_t>{0xc3, 0xa9, 258}));
}

TEST(unicode_forms, come_before_the_space_in_front) {
    Json json = byte_level_with("NFKC");
    json["pre_tokenizer"]["add_prefix_space"] = true;
    EXPECT_EQ(OpenedTokenizer(import(json)).encode("\u00a0he", plain()), std::vector<uint32_t>{257});  // a no-break space is one
}

TEST(unicode_forms, come_out_of_a_packed_section_as_they_went_in) {
    for (const char* form : forms) {
        const OpenedTokenizer t(import(byte_level_with(form)));
        const TokenizerModel back = unpack_tokenizer(t.core(), "m.mote");
        EXPECT_EQ(name_of(back.normal_form), form);
        EXPECT_EQ(version_of(back.normal_form), version_of(unicode_form(0)));
        const OpenedTokenizer again(back);
        for (const Json& v : vectors()["texts"]) EXPECT_EQ(again.encode(v["text"], plain()), t.encode(v["text"], plain()));
    }
}

TEST(unicode_forms, are_written_to_tokenizer_json) {
    Json json = byte_level_with("NFC");
    json["pre_tokenizer"]["use_regex"] = true;
    const Json written = Json::parse(tokenizer_json(import(json), "out.json"));
    EXPECT_EQ(written["normalizer"], json["normalizer"]);
    EXPECT_EQ(OpenedTokenizer(import(written)).encode("e\u0301 he", plain()), (std::vector<uint32_t>{0xc3, 0xa9, 257}));
}

TEST(unicode_forms, that_are_not_the_first_normalizer_or_unknown_are_refused) {
    const auto refused = [](std::initializer_list<const char*> parts, const Json& normalizer) {
        Json json = byte_level_tokenizer();
        json["normalizer"] = normalizer;
        expect_refusal("E_UNSUPPORTED", parts, [&] { import(json); });
    };
    refused({"NFX"}, {{"type", "NFX"}});
    refused({"NFC"}, {{"type", "Sequence"}, {"normalizers", {{{"type", "NFD"}}, {{"type", "NFC"}}}}});
    const Json strip = {{"type", "Strip"}, {"strip_left", true}, {"strip_right", true}};
    refused({"Strip"}, {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}, strip}}});
}

// ---- Qwen2's tokenizer.json

constexpr const char* qwen2_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// As the file of Qwen2 and Qwen3 has it: NFC, the split, ByteLevel without its own expression, and tokens that are added as they are.
Json qwen2_shape(const Json& vocab, const Json& merges, uint32_t first_added) {
    const Json byte_level = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}};
    Json call = testing::special_token(first_added + 3, "<tool_call>");
    call["special"] = false;
    return {{"version", "1.0"},
            {"truncation", nullptr},
            {"padding", nullptr},
            {"added_tokens",
             {testing::special_token(first_added, "<|endoftext|>"), testing::special_token(first_added + 1, "<|im_start|>"),
              testing::special_token(first_added + 2, "<|im_end|>"), call}},
            {"normalizer", {{"type", "NFC"}}},
            {"pre_tokenizer",
             {{"type", "Sequence"},
              {"pretokenizers",
               {{{"type", "Split"}, {"pattern", {{"Regex", qwen2_pattern}}}, {"behavior", "Isolated"}, {"invert", false}}, byte_level}}}},
            {"post_processor", byte_level},
            {"decoder", byte_level},
            {"model",
             {{"type", "BPE"},
              {"dropout", nullptr},
              {"unk_token", nullptr},
              {"continuing_subword_prefix", ""},
              {"end_of_word_suffix", ""},
              {"fuse_unk", false},
              {"byte_fallback", false},
              {"ignore_merges", false},
              {"vocab", vocab},
              {"merges", merges}}}};
}

TEST(unicode_forms, a_tokenizer_of_qwen2s_shape_is_read) {
    Json vocab = testing::byte_level_vocabulary();
    vocab.erase("<|endoftext|>");
    const std::string space = testing::byte_alphabet()[' '];
    const OpenedTokenizer t(import(qwen2_shape(vocab, Json::array({Json::array({"h", "e"}), space + " he"}), 258)));
    EncodeOptions options = plain();
    options.parse_special = true;
    EXPECT_EQ(t.encode("<|im_start|>he he\u0301<|im_end|>", options), (std::vector<uint32_t>{259, 256, ' ', 'h', 0xc3, 0xa9, 260}));
    EXPECT_EQ(t.encode("<tool_call>he", plain()), (std::vector<uint32_t>{261, 256}));
}

using Ranks = std::unordered_map<std::string_view, uint32_t>;

// The two parts of a token: what its bytes become by the tokens of lower rank.
std::pair<std::string_view, std::string_view> merge_of(std::string_view token, const Ranks& ranks) {
    std::vector<size_t> ends;
    for (size_t i = 0; i <= token.size(); i++) ends.push_back(i);
    while (ends.size() > 3) {
        size_t best = 1;
        uint32_t lowest = no_token;
        for (size_t i = 1; i + 1 < ends.size(); i++) {
            const auto found = ranks.find(token.substr(ends[i - 1], ends[i + 1] - ends[i - 1]));
            if (found != ranks.end() && found->second < lowest) lowest = found->second, best = i;
        }
        ends.erase(ends.begin() + std::ptrdiff_t(best));
    }
    return {token.substr(0, ends[1]), token.substr(ends[1])};
}

std::string in_alphabet(std::string_view bytes) {
    static const std::vector<std::string> alphabet = testing::byte_alphabet();
    std::string out;
    for (const char c : bytes) out += alphabet[static_cast<uint8_t>(c)];
    return out;
}

TEST(unicode_forms, qwen2s_own_vocabulary_as_tokenizer_json_gives_46_of_46_vectors) {
    MOTE_NEEDS("tokenizers/qwen2/qwen.tiktoken");
    MOTE_NEEDS("tokenizers/llamacpp/ggml-vocab-qwen2.gguf.inp");
    const TokenizerModel ranks = import_tokenizer(testing::shared_data("tokenizers/qwen2/qwen.tiktoken"));
    const uint32_t count = *std::min_element(ranks.specials.begin(), ranks.specials.end());
    Ranks by_text;
    for (uint32_t id = 0; id < count; id++) by_text.emplace(ranks.pieces[id], id);
    Json vocab = Json::object(), merges = Json::array();
    for (uint32_t id = 0; id < count; id++) {
        vocab[in_alphabet(ranks.pieces[id])] = id;
        if (ranks.pieces[id].size() < 2) continue;
        const auto [left, right] = merge_of(ranks.pieces[id], by_text);
        merges.push_back(in_alphabet(left) + " " + in_alphabet(right));
    }
    const OpenedTokenizer t(import(qwen2_shape(vocab, merges, count)));
    const auto texts = testing::read_vectors("tokenizers/llamacpp/ggml-vocab-qwen2.gguf");
    ASSERT_EQ(texts.size(), 46u);
    for (const auto& v : texts) EXPECT_EQ(t.encode(v.text, plain()), v.ids) << v.text;
    EXPECT_EQ(t.encode("cafe\u0301", plain()), t.encode("caf\u00e9", plain()));
}

}  // namespace
}  // namespace mote::tools
