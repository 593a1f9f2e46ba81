// WordPiece: BERT's vocabulary against llama.cpp's vectors, BERT's cleaning of text, and bad vocabularies.
#include <gtest/gtest.h>

#include "make_checkpoint.h"
#include "opened_tokenizer.h"
#include "refusal.h"
#include "shared_data.h"
#include "test_vectors.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;
using testing::OpenedTokenizer;
using testing::plain;
using testing::shared_data;
using testing::TemporaryFolder;

using Ids = std::vector<uint32_t>;

TEST(wordpiece, bert_gives_46_of_46_vectors) {
    MOTE_NEEDS("tokenizers/bert/bert_base_uncased_vocab.txt");
    MOTE_NEEDS("tokenizers/llamacpp/ggml-vocab-bert-bge.gguf.inp");
    const OpenedTokenizer t(import_tokenizer(shared_data("tokenizers/bert/bert_base_uncased_vocab.txt")));
    EXPECT_EQ(t.core().vocab, 30522u);
    const auto vectors = testing::read_vectors("tokenizers/llamacpp/ggml-vocab-bert-bge.gguf");
    ASSERT_EQ(vectors.size(), 46u);
    for (const auto& v : vectors) EXPECT_EQ(t.encode(v.text, plain()), v.ids) << v.text;
    EXPECT_EQ(t.encode("hello"), (Ids{101, 7592, 102}));
}

// [PAD] [UNK] [CLS] [SEP] [MASK] and a few words.
const char* const small_vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nworld\n##ing\n##s\nplay\n,\n.\n'\ncafe\nstrasse\n\xe4\xbd\xa0\n\xe5\xa5\xbd\nt\ni";

TokenizerModel imported(const std::string& vocab, const std::string& config = "") {
    const TemporaryFolder folder;
    if (!config.empty()) folder.write("tokenizer_config.json", config);
    return import_tokenizer(folder.write("vocab.txt", vocab));
}

Ids tokens(const OpenedTokenizer& t, const std::string& text) { return t.encode(text, plain()); }

// Expected by hand from tokenization.py of google-research/bert.
TEST(wordpiece, cleans_text_as_bert_does) {
    const OpenedTokenizer t(imported(small_vocab));
    EXPECT_EQ(tokens(t, "Hello, WORLD."), (Ids{5, 10, 6, 11}));
    EXPECT_EQ(tokens(t, "playing plays"), (Ids{9, 7, 9, 8}));
    EXPECT_EQ(tokens(t, "caf\xc3\xa9 CAFE\xcc\x81 c\xc3\xa2" "fe"), (Ids{13, 13, 13}));                    // accents, composed and not
    EXPECT_EQ(tokens(t, "\xe4\xbd\xa0\xe5\xa5\xbdhello"), (Ids{15, 16, 5}));                                 // Chinese characters are words
    EXPECT_EQ(tokens(t, "hel\xe2\x80\x8blo\x01 wor\xef\xbf\xbdld\xff"), (Ids{5, 6}));                        // format, control, U+FFFD, no UTF-8
    EXPECT_EQ(tokens(t, "hello\xc2\xa0world\xe3\x80\x80hello\n\t\rworld"), (Ids{5, 6, 5, 6}));              // white space
    EXPECT_EQ(tokens(t, "hello\xe2\x80\xa6world"), (Ids{5, 1, 6}));                                          // U+2026 is punctuation
    EXPECT_EQ(tokens(t, "unheard hello"), (Ids{1, 5}));                                                      // a word of unknown parts
    EXPECT_EQ(tokens(t, "[MASK]"), (Ids{1, 1, 1}));                                                          // never a control token
    EXPECT_EQ(tokens(t, ""), Ids{});
    EXPECT_EQ(tokens(t, " \n"), Ids{});
}

TEST(wordpiece, words_of_more_than_100_characters_are_unknown) {
    const OpenedTokenizer t(imported("[UNK]\na\n##a\n\xc3\xa9\n##\xc3\xa9\n", "{\"do_lower_case\": false}"));
    EXPECT_EQ(tokens(t, std::string(100, 'a')).size(), 100u);
    EXPECT_EQ(tokens(t, std::string(101, 'a')), (Ids{0}));
    std::string accents;
    for (int i = 0; i < 100; i++) accents += "\xc3\xa9";
    EXPECT_EQ(tokens(t, accents).size(), 100u);
    EXPECT_EQ(tokens(t, accents + "a a"), (Ids{0, 1}));
}

TEST(wordpiece, decodes_words_with_spaces_between_and_none_before_punctuation) {
    const OpenedTokenizer t(imported(small_vocab));
    EXPECT_EQ(t.decode(t.encode("Hello, world. Playing")), "hello, world. playing");
    EncodeOptions options;
    options.parse_special = true;
    EXPECT_EQ(t.encode("hello[MASK]world", options), (Ids{2, 5, 4, 6, 3}));
}

TEST(wordpiece, keeps_case_where_the_vocabulary_or_its_configuration_has_it) {
    const OpenedTokenizer t(imported("[UNK]\nHello\nhello\n"));
    EXPECT_EQ(tokens(t, "Hello hello"), (Ids{1, 2}));
    EXPECT_EQ(tokens(OpenedTokenizer(imported("[UNK]\nHello\nhello\n", "{\"do_lower_case\": true}")), "Hello hello"), (Ids{2, 2}));
}

TEST(wordpiece, bad_vocabularies_are_refused_with_their_lines) {
    const auto refused = [](const std::string& code, const std::string& vocab, std::initializer_list<const char*> parts) {
        expect_refusal(code, parts, [&] { imported(vocab); });
    };
    refused("E_EMPTY", "", {});
    refused("E_EMPTY", "[UNK]\n\na\n", {"line 2", "byte 6"});
    refused("E_DUP", "[UNK]\na\nb\na\n", {"line 4", "line 2"});
    refused("E_UTF8", "[UNK]\na\nb\xff\n", {"line 3", "column 2"});
    refused("E_UTF8", std::string("[UNK]\na\0\n", 9), {"line 2", "column 2", "NUL"});
    refused("E_LIMIT", "[UNK]\n" + std::string(1025, 'a') + "\n", {"line 2", "1024"});
    EXPECT_EQ(imported("[UNK]\n" + std::string(1024, 'a') + "\r\nb").pieces.size(), 3u);
    refused("E_MISSING", "[PAD]\na\n", {"[UNK]"});
    EXPECT_EQ(imported("[UNK]\r\na\r\n").pieces.size(), 2u);
    EXPECT_EQ(imported("[UNK]\na").pieces.size(), 2u);
}

TEST(wordpiece, control_tokens_of_files_beside_a_vocabulary_come_behind_its_pieces) {
    const TemporaryFolder folder;
    folder.write("special_tokens_map.json", R"({"additional_special_tokens": ["<t>"]})");
    folder.write("tokenizer_config.json", R"({"unk_token": "[UNK]"})");
    folder.write("added_tokens.json", R"({"<t>": 3, "[UNK]": 0})");
    const std::string file = folder.write("vocab.txt", "[UNK]\na\n##b\n");
    EncodeOptions options;
    options.parse_special = true;
    EXPECT_EQ(OpenedTokenizer(import_tokenizer(file)).encode("ab<t>a", options), (Ids{1, 2, 3, 1}));
    for (const char* list : {R"({"<u>": 3})", R"({"a": 1})"}) {
        folder.write("added_tokens.json", list);
        expect_refusal("E_UNSUPPORTED", {"added_tokens.json"}, [&] { import_tokenizer(file); });
    }
    folder.write("added_tokens.json", R"({"<t>": 0})");
    expect_refusal("E_DUP", {"added_tokens.json", "id 0"}, [&] { import_tokenizer(file); });
}

// ---- tokenizer.json

std::string json(const std::string& changed = "", const std::string& to = "") {
    std::string text = R"({"added_tokens": [{"id": 0, "content": "[UNK]", "special": true}, {"id": 1, "content": "[CLS]", "special": true},
  {"id": 2, "content": "[SEP]", "special": true}],
 "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
 "pre_tokenizer": {"type": "BertPreTokenizer"},
 "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
 "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
 "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 5,
  "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "he": 3, "##llo": 4, "!": 5}}})";
    const size_t at = changed.empty() ? std::string::npos : text.find(changed);
    return at == std::string::npos ? text : text.replace(at, changed.size(), to);
}

TokenizerModel imported_json(const std::string& text) {
    const TemporaryFolder folder;
    return import_tokenizer(folder.write("tokenizer.json", text));
}

TEST(wordpiece, is_read_from_tokenizer_json) {
    const OpenedTokenizer t(imported_json(json()));
    EXPECT_EQ(t.encode("H\xc3\xa9llo!"), (Ids{1, 3, 4, 5, 2}));
    EXPECT_EQ(t.encode("hellollo"), (Ids{1, 0, 2}));  // 8 characters
    EXPECT_EQ(t.decode(t.encode("Hello!")), "hello!");
    EXPECT_EQ(OpenedTokenizer(imported_json(json("\"lowercase\": true", "\"lowercase\": false"))).encode("Hello hello"), (Ids{1, 0, 3, 4, 2}));
}

TEST(wordpiece, other_pipelines_are_refused_by_name) {
    expect_refusal("E_UNSUPPORTED", {"Whitespace"}, [] { imported_json(json("BertPreTokenizer", "Whitespace")); });
    for (const char* normalizer : {"Nmt", "Strip"})
        expect_refusal("E_UNSUPPORTED", {normalizer}, [&] {
            imported_json(json("\"type\": \"BertNormalizer\"", "\"type\": \"" + std::string(normalizer) + "\""));
        });
    expect_refusal("E_UNSUPPORTED", {"WhitespaceSplit", "without Punctuation"},
                   [] { imported_json(json("BertPreTokenizer", "WhitespaceSplit")); });
    expect_refusal("E_UNSUPPORTED", {"Punctuation"},
                   [] { imported_json(json("BertPreTokenizer\"", "Punctuation\", \"behavior\": \"Contiguous\"")); });
    expect_refusal("E_UNSUPPORTED", {"Punctuation", "without WhitespaceSplit"},
                   [] { imported_json(json("BertPreTokenizer", "Punctuation")); });
    expect_refusal("E_UNSUPPORTED", {"decoder"}, [] { imported_json(json("\"decoder\": {\"type\": \"WordPiece\"", "\"decoder\": {\"type\": \"Fuse\"")); });
    expect_refusal("E_MISMATCH", {"prefix"}, [] { imported_json(json("\"prefix\": \"##\"", "\"prefix\": \"@@\"")); });
    expect_refusal("E_TOKEN", {"id 9"}, [] { imported_json(json("[\"[SEP]\", 2]", "[\"[SEP]\", 9]")); });
    expect_refusal("E_MISSING", {"[NONE]"}, [] { imported_json(json("\"unk_token\": \"[UNK]\"", "\"unk_token\": \"[NONE]\"")); });
}

}  // namespace
}  // namespace mote::tools
