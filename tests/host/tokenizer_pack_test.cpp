// The packed section, field by field; and what a tokenizer file is not.
#include <gtest/gtest.h>

#include "make_checkpoint.h"
#include "model/unpack_tokenizer.h"
#include "opened_tokenizer.h"
#include "refusal.h"
#include "support/aligned.h"
#include "tokenizer/bpe.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;
using testing::OpenedTokenizer;
using testing::TemporaryFolder;

// Four tokens: a, b, ab, <end>.
TokenizerModel small_model() {
    TokenizerModel m = empty_tokenizer();
    m.pieces = {"a", "b", "ab", "<end>"};
    m.characters = {1, 0};
    m.merges = {{0, 1, 2, 0}};
    m.specials = {3};
    m.eos = 3;
    return m;
}

const TokenizerHeader& header_of(const std::vector<uint8_t>& section) {
    return *reinterpret_cast<const TokenizerHeader*>(section.data());
}

TEST(pack_tokenizer, makes_a_section_that_core_opens) {
    const OpenedTokenizer t(small_model());
    EXPECT_EQ(t.core().vocab, 4u);
    EXPECT_EQ(t.encode("aba"), (std::vector<uint32_t>{2, 0}));
    EXPECT_TRUE(is_special(t.core(), 3));
    EXPECT_FALSE(is_special(t.core(), 2));
}

// All strings of three bytes and more, in one node whose children are itself: 2^24 of them are too many to be a tokenizer's.
TEST(unpack_tokenizer, visits_no_more_strings_than_tokenizers_have) {
    TokenizerModel m = small_model();
    m.lexicon.entries = {{"abc", 0}};
    for (int byte = 0; byte < 256; byte++) m.lexicon.entries.push_back({std::string(1, char(byte)) + "x", 0});
    testing::AlignedBytes section(pack_tokenizer(m, 4, "test"));
    const auto opened = open_tokenizer(section.data(), section.size());
    ASSERT_TRUE(opened.ok());
    const LexiconTables& tables = *reinterpret_cast<const LexiconTables*>(section.data() + opened.value.header().lexicon);
    uint32_t* units = reinterpret_cast<uint32_t*>(section.data() + tables.units);
    const uint32_t base = units[0] >> trie_shift;
    for (uint32_t label = 1; label <= 256; label++) units[base ^ label] = base << trie_shift | label;
    expect_refusal("E_LIMIT", {"packed", "8388608 steps"}, [&] { unpack_tokenizer(opened.value, "packed"); });
}

TEST(pack_tokenizer, has_a_size_that_is_a_multiple_of_16) {
    TokenizerModel m = small_model();
    for (int i = 0; i < 20; i++) {
        EXPECT_EQ(pack_tokenizer(m, uint32_t(m.pieces.size()), "test").size() % 16, 0u);
        m.pieces.push_back(std::string(size_t(i), 'x'));
    }
}

TEST(pack_tokenizer, uses_ids_of_two_bytes_while_they_fit) {
    TokenizerModel m = small_model();
    const std::vector<uint8_t> narrow = pack_tokenizer(m, 65534, "test");
    EXPECT_EQ(header_of(narrow).id_bytes, 2u);
    EXPECT_EQ(header_of(narrow).vocab, 65534u);
    EXPECT_EQ(header_of(pack_tokenizer(m, 65535, "test")).id_bytes, 4u);
    m.pieces.resize(70000, "x");
    EXPECT_EQ(OpenedTokenizer(m).encode("ab"), std::vector<uint32_t>{2});
}

TEST(pack_tokenizer, leaves_tokens_without_pieces_empty) {
    const std::vector<uint8_t> section = pack_tokenizer(small_model(), 6, "test");
    const uint32_t* offsets = reinterpret_cast<const uint32_t*>(section.data() + header_of(section).piece_offsets);
    EXPECT_EQ(offsets[4], 9u);
    EXPECT_EQ(offsets[6], 9u);
}

TEST(pack_tokenizer, refuses_more_tokens_than_the_model_has) {
    expect_refusal("E_MISMATCH", {"model.bin", "4 tokens", "the model 3"}, [] { pack_tokenizer(small_model(), 3, "model.bin"); });
}

TEST(pack_tokenizer, reports_a_model_that_contradicts_itself_as_its_own_mistake) {
    TokenizerModel m = small_model();
    m.merges[0].right = 9;
    try {
        pack_tokenizer(m, 4, "test");
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.exit(), Exit::internal);
    }
}

TEST(pack_tokenizer, has_character_classes_only_for_a_split_rule) {
    TokenizerModel m = small_model();
    EXPECT_EQ(header_of(pack_tokenizer(m, 4, "test")).classes_count, 0u);
    m.pre_tokenizer = PreTokenizer::gpt2;
    const std::vector<uint8_t> section = pack_tokenizer(m, 4, "test");
    const TokenizerHeader& h = header_of(section);
    const uint32_t* classes = reinterpret_cast<const uint32_t*>(section.data() + h.classes);
    const auto class_of = [&](uint32_t code) {
        uint32_t found = 0;
        for (uint32_t i = 0; i < h.classes_count && classes[i] >> 8 <= code; i++) found = classes[i] & 0xff;
        return CharClass(found);
    };
    for (uint32_t i = 1; i < h.classes_count; i++) {
        EXPECT_LT(classes[i - 1] >> 8, classes[i] >> 8);
        EXPECT_NE(classes[i - 1] & 0xff, classes[i] & 0xff);
    }
    for (const uint32_t code : {0x41u, 0xe9u, 0x4e00u, 0xaau, 0x10400u}) EXPECT_EQ(class_of(code), CharClass::letter) << code;
    for (const uint32_t code : {0x30u, 0xbdu, 0x2160u, 0x661u}) EXPECT_EQ(class_of(code), CharClass::number) << code;
    for (const uint32_t code : {0x20u, 0x09u, 0x0du, 0x85u, 0xa0u, 0x3000u, 0x2028u})
        EXPECT_EQ(class_of(code), CharClass::space) << code;
    for (const uint32_t code : {0u, 0x1cu, 0x200bu, 0x5fu, 0x301u, 0x1f600u, 0xd800u, 0x10ffffu})
        EXPECT_EQ(class_of(code), CharClass::other) << code;
}

TEST(byte_alphabet, maps_every_byte_there_and_back) {
    const std::vector<std::string> expected = testing::byte_alphabet();
    for (uint32_t byte = 0; byte < 256; byte++) {
        EXPECT_EQ(byte_to_alphabet(uint8_t(byte)), expected[byte]);
        EXPECT_EQ(bytes_from_alphabet(expected[byte]), std::string(1, char(byte)));
    }
    EXPECT_EQ(byte_to_alphabet(' '), "\xc4\xa0");
    EXPECT_EQ(byte_to_alphabet('\n'), "\xc4\x8a");
    EXPECT_FALSE(bytes_from_alphabet(" "));
    EXPECT_FALSE(bytes_from_alphabet("\xff"));
}

TEST(byte_pieces, are_two_hexadecimal_digits) {
    EXPECT_EQ(byte_piece("<0x0A>"), 10u);
    EXPECT_EQ(byte_piece("<0xff>"), 255u);
    for (const char* text : {"<0x-1>", "<0xGG>", "<0x0>", "<0x100>", "0x0A", "<0x0A"}) EXPECT_FALSE(byte_piece(text)) << text;
}

TEST(shown, is_printable_and_never_cut_within_a_character) {
    EXPECT_EQ(shown("a\nb"), "\"a?b\"");
    EXPECT_EQ(shown(std::string(39, 'a') + "\xc3\xa9"), "\"" + std::string(39, 'a') + "...\"");
    EXPECT_EQ(shown(std::string(40, 'a')), "\"" + std::string(40, 'a') + "\"");
}

TEST(import_tokenizer, names_what_a_file_is_that_is_no_tokenizer) {
    const std::pair<const char*, std::string> files[] = {{"text file", "IQ== x\n"}};
    for (const auto& [name, bytes] : files) {
        const TemporaryFolder folder;
        const std::string file = folder.write("tokenizer", bytes);
        expect_refusal("E_UNSUPPORTED", {"looks like", name}, [&] { import_tokenizer(file); });
    }
}

TEST(import_tokenizer, names_what_a_folder_has_instead) {
    const TemporaryFolder folder;
    expect_refusal("E_MISSING", {"tokenizer.json"}, [&] { import_tokenizer(folder.path()); });
    folder.write("tokenizer.model", "x");
    expect_refusal("E_UNSUPPORTED", {"tokenizer.model", "SentencePiece"}, [&] { import_tokenizer(folder.path()); });
}

}  // namespace
}  // namespace mote::tools
