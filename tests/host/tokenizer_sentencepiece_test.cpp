// SentencePiece models: equal to SentencePiece's encoder on real texts, and what is refused of files that lie.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>

#include "base/json.h"
#include "make_checkpoint.h"
#include "make_protobuf.h"
#include "opened_tokenizer.h"
#include "refusal.h"
#include "shared_data.h"
#include "support/random.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/tokenizer_import.h"
#include "tokenizer/tokenizer_sentencepiece.h"
#include "tokenizer/write_charsmap.h"
#include "whole.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;
using testing::OpenedTokenizer;
using testing::plain;
using testing::read_file;
using testing::shared_data;
using testing::TemporaryFolder;

using Ids = std::vector<uint32_t>;

// ---- digests by SentencePiece: sentencepiece_digests.py

struct Fnv {
    uint64_t state = 0xcbf29ce484222325u;

    void word(uint32_t value) {
        for (uint32_t shift = 0; shift < 32; shift += 8) state = (state ^ (value >> shift & 0xffu)) * 0x100000001b3u;
    }
    void line(const Ids& ids) {
        for (const uint32_t id : ids) word(id);
        word(0xffffffff);
    }
};

// Words are remembered from line to line.
std::string digest_of(const OpenedTokenizer& tokenizer, const std::string& text, size_t stride) {
    std::vector<uint32_t> words(1 << 16);
    EncodeOptions options = plain();
    options.words = {reinterpret_cast<uint8_t*>(words.data()), words.size() * 4};
    Fnv fnv;
    size_t number = 0;
    for (size_t begin = 0; begin <= text.size(); number++) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        if (number % stride == 0) fnv.line(tokenizer.encode(text.substr(begin, end - begin), options));
        begin = end + 1;
    }
    char hex[17];
    std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(fnv.state));
    return hex;
}

TEST(sentencepiece, models_give_the_ids_of_its_own_encoder) {
    MOTE_NEEDS("tokenizers/sentencepiece/test_model.model");
    const Json expected = Json::parse(read_file(MOTE_SENTENCEPIECE_JSON));
    const bool all = testing::whole();
    const size_t stride = all ? 1 : expected["stride"].get<size_t>();
    for (const auto& [model, files] : expected["models"].items()) {
        if (!std::filesystem::exists(shared_data(model))) continue;
        const OpenedTokenizer tokenizer(import_tokenizer(shared_data(model)));
        for (const auto& [file, digests] : files.items())
            EXPECT_EQ(digest_of(tokenizer, read_file(shared_data(file)), stride), digests[all ? "all" : "sample"]) << model << ", " << file;
    }
}

TEST(sentencepiece, text_goes_there_and_back) {
    MOTE_NEEDS("tokenizers/t5/t5_spiece.model");
    const OpenedTokenizer t5(import_tokenizer(shared_data("tokenizers/t5/t5_spiece.model")));
    EXPECT_EQ(t5.decode(t5.encode("  The house  is wonderful. ")), "The house is wonderful.");
    const OpenedTokenizer llama(import_tokenizer(shared_data("weights/llama2c/tokenizer_llama2.model")));
    for (const char* text : {"  two spaces", "\xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\xa6\x99\n", "a", "tab\tand \xc2\xa0 such"})
        EXPECT_EQ(llama.decode(llama.encode(text)), text);
}

// ---- models made here

using testing::field;
using testing::number;
using testing::piece;

std::string model_file(const std::string& pieces, uint64_t type = 1, const std::string& normalizer = "") {
    return pieces + field(2, number(3, type)) + field(3, normalizer);
}

std::string small_pieces() {
    return piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) + piece("\xe2\x96\x81", -3) + piece("a", -2) + piece("b", -2.5f) +
           piece("\xe2\x96\x81" "a", -4) + piece("ab", -4) + piece("[x]", 0, 4);
}

TokenizerModel imported(const std::string& bytes) {
    const TemporaryFolder folder;
    return import_tokenizer(folder.write("tokenizer.model", bytes));
}

// Without looking at what kind of tokenizer it is.
TokenizerModel import_bytes(const std::string& bytes) {
    const TemporaryFolder folder;
    std::vector<std::string> notes;
    return import_tokenizer_sentencepiece(MappedFile(folder.write("tokenizer.model", bytes)), notes);
}

TEST(sentencepiece, unigram_takes_the_most_probable_pieces) {
    const OpenedTokenizer t(imported(model_file(small_pieces())));
    EXPECT_EQ(t.encode("a"), (Ids{6}));
    EXPECT_EQ(t.encode("b"), (Ids{3, 5}));
    EXPECT_EQ(t.encode("ab"), (Ids{6, 5}));      // -6.5, before -7 for the space and "ab"
    EXPECT_EQ(t.encode("b ab"), (Ids{3, 5, 6, 5}));
    EXPECT_EQ(t.encode("azzb"), (Ids{6, 0, 5}));  // neighbouring unknown characters are one
    EXPECT_EQ(t.encode("ba[x]b"), (Ids{3, 5, 4, 8, 5}));
    EXPECT_EQ(t.encode(""), Ids{});
    EXPECT_EQ(t.encode("   "), Ids{});
    EXPECT_EQ(t.decode(t.encode("  b   a ")), "b a");
}

TEST(sentencepiece, the_normalizers_options_are_kept) {
    const std::string keep = number(3, 0) + number(4, 0);
    const OpenedTokenizer t(imported(model_file(small_pieces(), 1, keep)));
    EXPECT_EQ(t.encode("b  a "), (Ids{5, 3, 6, 3}));
    EXPECT_EQ(t.decode({5, 3, 6, 3}), "b  a ");
    const std::string behind = small_pieces() + field(2, number(3, 1) + number(24, 1));
    EXPECT_EQ(OpenedTokenizer(imported(behind)).encode("b"), (Ids{5, 3}));
}

TEST(sentencepiece, user_defined_symbols_of_a_bpe_model_stay_whole) {
    const std::string pieces = piece("<unk>", 0, 2) + piece("\xe2\x96\x81", -1) + piece("a", -2) + piece("b", -3) + piece("aa", -4) + piece("ab", 0, 4);
    const OpenedTokenizer t(imported(model_file(pieces, 2)));
    EXPECT_EQ(t.encode("aab"), (Ids{1, 2, 5}));
    EXPECT_EQ(t.encode("aaa"), (Ids{1, 4, 2}));
}

TEST(sentencepiece, a_piece_of_one_nul_is_a_piece) {
    const OpenedTokenizer t(imported(model_file(small_pieces() + piece(std::string(1, '\0'), -6))));
    EXPECT_EQ(t.encode(std::string("a\0b", 3)), (Ids{6, 9, 5}));
}

// The first of the 256 pieces that stand for bytes.
std::string byte_pieces(int count) {
    std::string pieces;
    char name[16];
    for (int byte = 0; byte < count; byte++) {
        std::snprintf(name, sizeof name, "<0x%02X>", byte);
        pieces += piece(name, 0, 6);
    }
    return pieces;
}

// -1 says that there is none; as in SentencePiece, the token is the piece of its name.
TEST(sentencepiece, an_id_of_minus_one_is_accepted) {
    const std::string none = field(2, number(41, ~uint64_t(0)) + number(42, ~uint64_t(0)));
    const TokenizerModel m = imported(piece("<unk>", 0, 2) + piece("a", -2) + piece("</s>", 0, 3) + none);
    EXPECT_EQ(m.bos, no_token);
    EXPECT_EQ(m.eos, 2u);
}

TEST(sentencepiece, files_that_lie_are_refused) {
    const auto refused = [](const std::string& code, const std::string& bytes, const char* part = "") {
        SCOPED_TRACE(code + " " + part);
        expect_refusal(code, {part}, [&] { imported(bytes); });
    };
    const std::string good = small_pieces();
    const std::string start = piece("<unk>", 0, 2);
    refused("E_SYNTAX", good + std::string(11, '\xff'), "64 bits");
    refused("E_SYNTAX", good + std::string(1, '\0'), "field 0");
    for (const char tag : {'\x0b', '\x0c', '\x0e', '\x0f'}) refused("E_SYNTAX", good + tag, "wire type");
    refused("E_TRUNC", good + "\x0a\x7f", "127 bytes");
    refused("E_TRUNC", good + "\x0a" + std::string(9, '\xff') + "\x01", "18446744073709551615");
    refused("E_TRUNC", good.substr(0, good.size() - 1));
    refused("E_TYPE", good + field(1, number(1, 5)), "byte");
    refused("E_TYPE", good + field(1, field(1, "q") + number(2, 5)), "byte");
    refused("E_TYPE", good + field(2, field(3, "a")), "byte");
    refused("E_TYPE", good + field(1, field(1, "q") + field(3, "a")), "byte");
    refused("E_EMPTY", good + field(1, number(3, 1)), "no text");
    refused("E_DUP", good + piece("ab", -9), "repeats piece 7");
    refused("E_LIMIT", start + piece(std::string(1025, 'a'), 0), "1025");
    refused("E_NONFINITE", good + piece("q", NAN), "score");
    refused("E_NONFINITE", good + piece("q", -INFINITY), "score");
    for (const uint64_t type : {uint64_t(0), uint64_t(7), uint64_t(1) << 31}) refused("E_TYPE", good + piece("q", 0, type), "type");
    refused("E_TOKEN", good + piece("<0x-1>", 0, 6), "<0x-1>");
    refused("E_TOKEN", good + piece("<0xGG>", 0, 6), "<0xGG>");
    refused("E_MISSING", good + field(2, number(35, 1)), "256");
    refused("E_MISSING", good + byte_pieces(255) + field(2, number(35, 1)), "256");
    refused("E_DUP", good + byte_pieces(256) + piece("<0x41>", 0, 6) + field(2, number(35, 1)), "repeats");
    EXPECT_EQ(imported(good + byte_pieces(256) + field(2, number(35, 1))).byte_ids[0xff], 9u + 0xff);
    refused("E_DUP", good + piece("<unk2>", 0, 2), "unknown");
    refused("E_MISSING", piece("a", 0) + piece("b", 0), "unknown");
    refused("E_RANGE", good + field(2, number(41, 9)), "bos_id");
    refused("E_DUP", good + field(2, number(41, 2)), "same");
    refused("E_UNSUPPORTED", model_file(good, 3), "word");
    refused("E_UNSUPPORTED", model_file(good, 4), "char");
    refused("E_TYPE", model_file(good, 5), "model_type");
    refused("E_UNSUPPORTED", model_file(start + piece("a", -1) + piece("aq", -2), 2), "no piece");
    refused("E_UNSUPPORTED", model_file(start + piece("a", -1) + piece("b", -2, 5), 2), "unused");
}

TEST(sentencepiece, files_that_are_none_are_refused) {
    expect_refusal("E_EMPTY", {"is empty"}, [] { imported(""); });
    expect_refusal("E_EMPTY", {"no pieces"}, [] { import_bytes(field(2, number(3, 1))); });
    expect_refusal("E_SYNTAX", {"byte"}, [] { import_bytes("no model, but text"); });
    mote::testing::Random random(1);
    for (int i = 0; i < 1000; i++) {
        std::string bytes(1 + random.below(200), '\0');
        for (char& byte : bytes) byte = char(random.below(256));
        try {
            import_bytes(bytes);
            ADD_FAILURE() << i << " was taken for a model";
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.exit(), Exit::input) << i << ": " << failure.what();
        }
    }
}

TEST(sentencepiece, more_pieces_than_the_limit_are_refused_before_they_are_compared) {
    std::string pieces;
    pieces.reserve(5 * 4000001);
    for (int i = 0; i < 4000001; i++) pieces += std::string("\x0a\x03\x0a\x01" "a", 5);
    expect_refusal("E_LIMIT", {"4000000 pieces"}, [&] { imported(pieces); });
}

TEST(sentencepiece, passes_over_nested_messages_by_their_length) {
    std::string nested = "end";
    for (int depth = 0; depth < 1000; depth++) nested = field(200, nested);
    EXPECT_EQ(imported(model_file(small_pieces()) + nested).pieces.size(), imported(model_file(small_pieces())).pieces.size());
    const std::string open = field(200, std::string(100000, '\x0a'));  // each byte opens a message
    EXPECT_EQ(imported(model_file(small_pieces()) + open).pieces.size(), imported(model_file(small_pieces())).pieces.size());
}

// Only what ends where a field ends is a message, and then it has the pieces that came whole.
TEST(sentencepiece, every_truncation_within_a_field_is_refused) {
    const std::string good = model_file(small_pieces());
    std::vector<size_t> ends = {0};
    while (ends.back() < good.size()) ends.push_back(ends.back() + 2 + size_t(good[ends.back() + 1]));  // a byte of tag, one of length
    ASSERT_EQ(ends.size(), 12u);  // nine pieces, the trainer's and the normalizer's settings
    for (size_t size = 1; size < good.size(); size++) {
        const size_t whole = size_t(std::lower_bound(ends.begin(), ends.end(), size) - ends.begin());
        if (ends[whole] == size && whole < 4)  // control tokens alone
            expect_refusal("E_EMPTY", {"from text"}, [&] { import_bytes(good.substr(0, size)); });
        else if (ends[whole] == size)
            EXPECT_EQ(import_bytes(good.substr(0, size)).pieces.size(), std::min<size_t>(whole, 9)) << size;
        else
            expect_refusal("E_TRUNC", {"byte"}, [&] { import_bytes(good.substr(0, size)); });
    }
}

// ---- character maps

using testing::charsmap;

std::string with_charsmap(const std::string& map) { return model_file(small_pieces(), 1, field(2, map)); }

TEST(charsmap, replaces_what_it_says) {
    const OpenedTokenizer t(imported(with_charsmap(charsmap(std::string("b\0", 2)))));
    EXPECT_EQ(t.encode("a"), (Ids{3, 5}));
    EXPECT_EQ(OpenedTokenizer(imported(with_charsmap(charsmap(std::string("\0", 1))))).encode("ab"), (Ids{3, 5}));
}

TEST(charsmap, that_points_outside_is_refused) {
    const auto refused = [](std::string map, const char* part, const std::function<void(std::string&)>& damage = {}) {
        if (damage) damage(map);
        expect_refusal("E_RANGE", {"precompiled_charsmap", part}, [&] { imported(with_charsmap(map)); });
    };
    const std::string good = charsmap(std::string("b\0", 2));
    const auto word = [](uint32_t index, uint32_t value) {  // 0 is the size, then come the units
        return [=](std::string& map) { std::memcpy(&map[size_t(index) * 4], &value, 4); };
    };
    constexpr uint32_t root = 1, a = 1 + (1 ^ 'a'), value = 1 + (1 ^ 'a' ^ 512);
    refused("abc", "3 bytes");
    refused(good, "array has", word(0, 4098));
    refused(good, "array has", word(0, 0xfffffffc));
    refused(good, "array has", word(0, 0));
    refused(good, "root", word(root, 0x80000000u));
    refused(charsmap("b"), "does not end");
    refused(charsmap(""), "does not end");
    refused(charsmap(std::string("b\0", 2), 2), "byte 2 of 2");
    refused(good, "no value", word(value, 0));
    refused(good, "no value", word(a, 0x1fffffu << 10 | 1u << 9 | 1u << 8 | 'a'));
    refused(good, "256 bytes", word(a, uint32_t('a') << 10 | 'a'));  // its child "a" is itself
}

TEST(charsmap, of_more_texts_that_begin_each_other_than_sentencepiece_looks_at_is_refused) {
    Normalizer n;
    for (size_t length = 1; length <= 32; length++) n.rules.push_back({std::string(length, 'a'), "b"});
    EXPECT_EQ(read_charsmap(charsmap_of(n, "test"), "test", 0).size(), 32u);
    n.rules.push_back({std::string(33, 'a'), "b"});
    expect_refusal("E_RANGE", {"more than 32 texts"}, [&] { read_charsmap(charsmap_of(n, "test"), "test", 0); });
}

// All texts of three bytes in three nodes: each leads with every byte to the next, 255^3 ways. `last` are bits of the third's children.
std::string shared_nodes(uint32_t last) {
    constexpr uint32_t block = 256, end = 4 * block;
    std::vector<uint32_t> units(end + block, 0);
    units[0] = block << 10;
    units[end] = 0x80000000u;
    for (uint32_t level = 1; level <= 3; level++)
        for (uint32_t byte = 1; byte < block; byte++) {
            const uint32_t at = level * block ^ byte, below = (level + 1) * block;
            units[at] = (at ^ below) << 10 | byte | (level == 3 ? last : 0);
        }
    return testing::bytes_of(uint32_t(units.size() * 4)) + testing::bytes_of(units) + std::string("b\0", 2);
}

TEST(charsmap, that_stands_for_more_texts_than_there_are_is_refused) {
    if (!testing::whole()) GTEST_SKIP() << "MOTE_WHOLE walks through two million nodes";
    constexpr uint32_t has_value = 0x100;
    expect_refusal("E_RANGE", {"round in circles"}, [] { read_charsmap(shared_nodes(0), "test", 0); });
    expect_refusal("E_LIMIT", {"more than 1000000 rules"}, [] { read_charsmap(shared_nodes(has_value), "test", 0); });
}

// ---- tokens beside the model

// Ids 0 to 4, of which "[x]" is user-defined.
std::string small_model(uint64_t type) {
    return testing::piece("<unk>", 0, 2) + testing::piece("<s>", 0, 3) + testing::piece("\xe2\x96\x81", -3) +
           testing::piece("a", -2) + testing::piece("[x]", 0, 4) + testing::field(2, testing::number(3, type));
}

TokenizerModel import_beside(uint64_t type, const std::vector<std::pair<std::string, Json>>& beside) {
    const TemporaryFolder folder;
    for (const auto& [name, json] : beside) folder.write(name, json.dump());
    return import_tokenizer(folder.write("tokenizer.model", small_model(type)));
}

Json added_decoder(std::initializer_list<std::pair<const char*, Json>> tokens) {
    Json decoder = Json::object();
    for (const auto& [id, token] : tokens) decoder[id] = token;
    return {{"added_tokens_decoder", decoder}};
}

TEST(sentencepiece, control_tokens_of_files_beside_a_model_come_behind_its_pieces) {
    EncodeOptions options = plain();
    options.parse_special = true;
    for (const uint64_t type : {1u, 2u}) {
        const Json roles = {{"pad_token", "<pad>"}, {"additional_special_tokens", {"<|end|>"}}, {"unk_token", "<unk>"}};
        const TokenizerModel listed =
            import_beside(type, {{"added_tokens.json", {{"<|end|>", 6}, {"<pad>", 5}, {"[x]", 4}, {"<s>", 1}}},
                                 {"special_tokens_map.json", roles},
                                 {"tokenizer_config.json", {{"bos_token", "<s>"}}}});
        EXPECT_EQ(OpenedTokenizer(listed).encode("a<|end|>a [x]<pad>", options), (Ids{2, 3, 6, 3, 2, 4, 5}));
        EXPECT_EQ(OpenedTokenizer(listed).decode({3, 6, 3}), "aa");

        const Json end = {{"content", "<|end|>"}, {"special", true}, {"lstrip", true}},
                   own = {{"content", "<s>"}, {"special", true}};
        const TokenizerModel decoded = import_beside(type, {{"tokenizer_config.json", added_decoder({{"5", end}, {"1", own}})}});
        EXPECT_EQ(OpenedTokenizer(decoded).encode("a <|end|>a<s>", options), (Ids{2, 3, 5, 3, 1}));
        EXPECT_EQ(OpenedTokenizer(decoded).encode("a<|end|>", plain()).back(), 0u);  // unless asked for, it is text
    }
}

TEST(sentencepiece, what_files_beside_a_model_say_of_begin_and_end_counts_more_than_what_it_says) {
    using File = std::pair<std::string, Json>;
    const auto control = [](const char* text) -> Json { return {{"content", text}, {"special", true}}; };
    Json config = added_decoder({{"5", control("<|begin|>")}, {"6", control("<|end|>")}});
    const File added = {"tokenizer_config.json", config}, other = {"special_tokens_map.json", {{"bos_token", "<s>"}}},
               ids = {"generation_config.json", {{"bos_token_id", 5}, {"eos_token_id", {6, 1}}}}, none = {"tokenizer_config.json", {{"bos_token", "a"}}};
    config["bos_token"] = "<|begin|>";
    config["eos_token"] = control("<|end|>");
    const File texts = {"tokenizer_config.json", config};
    for (const uint64_t type : {1u, 2u}) {
        for (const std::vector<File>& own : {std::vector<File>{}, {added}, {added, other}, {none}}) EXPECT_EQ(import_beside(type, own).bos, 1u);
        for (const std::vector<File>& own : {std::vector<File>{texts}, {texts, other}, {added, ids}}) {
            const TokenizerModel m = import_beside(type, own);
            EXPECT_EQ(m.bos, 5u);
            EXPECT_EQ(m.eos, 6u);
        }
    }
}

TEST(sentencepiece, tokens_beside_a_model_that_contradict_it_are_refused) {
    const auto refuses = [](const std::string& code, std::initializer_list<const char*> says, const char* id, const Json& token) {
        for (const uint64_t type : {1u, 2u})
            expect_refusal(code, says, [&] { import_beside(type, {{"tokenizer_config.json", added_decoder({{id, token}})}}); });
    };
    const auto token = [](const char* content, bool special) { return Json{{"content", content}, {"special", special}}; };
    refuses("E_DUP", {"added_tokens_decoder.\"1\"", "\"<s>\"", "\"<t>\""}, "1", token("<t>", true));
    refuses("E_DUP", {"\"<s>\"", "5", "1 before"}, "5", token("<s>", true));
    refuses("E_RANGE", {"\"<t>\"", "6", "5 is the next"}, "6", token("<t>", true));
    refuses("E_EMPTY", {"content"}, "5", token("", true));
    refuses("E_UNSUPPORTED", {"\"<t>\"", "tokenizer.json"}, "5", token("<t>", false));
    refuses("E_UNSUPPORTED", {"\"<s>\"", "user-defined"}, "1", token("<s>", false));
    refuses("E_UNSUPPORTED", {"\"a\"", "control"}, "3", token("a", true));
    expect_refusal("E_UNSUPPORTED", {"added_tokens.json", "\"<t>\""}, [] {
        import_beside(2, {{"added_tokens.json", {{"<t>", 5}}}});
    });
}

}  // namespace
}  // namespace mote::tools
