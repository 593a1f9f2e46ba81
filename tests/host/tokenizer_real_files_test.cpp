// Tokenizers that others made, against token ids that others computed.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "make_checkpoint.h"
#include "opened_tokenizer.h"
#include "refusal.h"
#include "shared_data.h"
#include "test_vectors.h"
#include "tokenizer/bpe.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::tools {
namespace {

using testing::OpenedTokenizer;
using testing::read_file;
using testing::shared_data;

using Ids = std::vector<uint32_t>;

void expect_vectors(const OpenedTokenizer& tokenizer, const std::string& name) {
    const std::vector<testing::TestVector> vectors = testing::read_vectors(name);
    ASSERT_EQ(vectors.size(), 46u);
    for (const testing::TestVector& v : vectors) {
        EXPECT_EQ(tokenizer.encode(v.text, testing::plain()), v.ids) << v.text;
        EXPECT_EQ(tokenizer.decode(v.ids), v.text);
    }
}

void expect_round_trips(const OpenedTokenizer& tokenizer, const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_EQ(tokenizer.decode(tokenizer.encode(line)), line);
}

TEST(real_tokenizers, gpt2_gives_46_of_46_vectors) {
    MOTE_NEEDS("tokenizers/gpt2/vocab.json");
    MOTE_NEEDS("tokenizers/llamacpp/ggml-vocab-gpt-2.gguf.inp");
    const OpenedTokenizer t(import_tokenizer(shared_data("tokenizers/gpt2")));
    EXPECT_EQ(t.core().vocab, 50257u);
    expect_vectors(t, "tokenizers/llamacpp/ggml-vocab-gpt-2.gguf");
}

TEST(real_tokenizers, llama2_gives_46_of_46_vectors) {
    MOTE_NEEDS("weights/llama2c/tokenizer_llama2.bin");
    MOTE_NEEDS("tokenizers/llamacpp/ggml-vocab-llama-spm.gguf.inp");
    const OpenedTokenizer t(import_tokenizer(shared_data("weights/llama2c/tokenizer_llama2.bin")));
    EXPECT_EQ(t.core().vocab, 32000u);
    expect_vectors(t, "tokenizers/llamacpp/ggml-vocab-llama-spm.gguf");
}

TEST(real_tokenizers, qwen2_gives_46_of_46_vectors_from_ranks) {
    MOTE_NEEDS("tokenizers/qwen2/qwen.tiktoken");
    MOTE_NEEDS("tokenizers/llamacpp/ggml-vocab-qwen2.gguf.inp");
    const TokenizerModel m = import_tokenizer(shared_data("tokenizers/qwen2/qwen.tiktoken"));
    EXPECT_EQ(m.pieces[151645], "<|im_end|>");
    expect_vectors(OpenedTokenizer(m), "tokenizers/llamacpp/ggml-vocab-qwen2.gguf");
}

// As Hugging Face's folders keep it: control tokens are in the configuration, which names the class.
void write_vocab_and_merges(const TokenizerModel& m, const testing::TemporaryFolder& folder) {
    const auto in_alphabet = [&](uint32_t id) {
        std::string text;
        for (const char byte : m.pieces[id]) text += byte_to_alphabet(static_cast<uint8_t>(byte));
        return text;
    };
    testing::Json vocab = testing::Json::object(), config = {{"tokenizer_class", "Qwen2Tokenizer"}, {"eos_token", "<|im_end|>"}};
    for (const uint32_t id : m.specials) config["added_tokens_decoder"][std::to_string(id)] = {{"content", m.pieces[id]}, {"special", true}};
    for (uint32_t id = 0; id < m.pieces.size() - m.specials.size(); id++) vocab[in_alphabet(id)] = id;
    std::vector<MergeRule> merges = m.merges;
    std::sort(merges.begin(), merges.end(), [](const MergeRule& a, const MergeRule& b) { return a.rank < b.rank; });
    std::string lines = "#version: 0.2\n";
    for (const MergeRule& merge : merges) lines += in_alphabet(merge.left) + " " + in_alphabet(merge.right) + "\n";
    folder.write("vocab.json", vocab.dump());
    folder.write("merges.txt", lines);
    folder.write("tokenizer_config.json", config.dump());
}

TEST(real_tokenizers, qwen2_gives_46_of_46_vectors_from_vocab_and_merges) {
    MOTE_NEEDS("tokenizers/qwen2/qwen.tiktoken");
    MOTE_NEEDS("tokenizers/llamacpp/ggml-vocab-qwen2.gguf.inp");
    const testing::TemporaryFolder folder;
    write_vocab_and_merges(import_tokenizer(shared_data("tokenizers/qwen2/qwen.tiktoken")), folder);
    const TokenizerModel m = import_tokenizer(folder.path());
    EXPECT_EQ(m.pieces[151645], "<|im_end|>");
    EXPECT_EQ(m.eos, 151645u);
    const OpenedTokenizer t(m);
    expect_vectors(t, "tokenizers/llamacpp/ggml-vocab-qwen2.gguf");
    EXPECT_EQ(t.encode("e\xcc\x81"), t.encode("\xc3\xa9"));  // NFC, as the class has it
}

// A random text has every byte and every pair of them. The whole file as one text.
TEST(real_tokenizers, random_bytes_and_whole_texts_come_back) {
    MOTE_NEEDS("tokenizers/gpt2/vocab.json");
    const OpenedTokenizer t(import_tokenizer(shared_data("tokenizers/gpt2")));
    std::string random(1 << 20, '\0');
    uint32_t state = 1;
    for (char& c : random) c = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
    EXPECT_TRUE(t.decode(t.encode(random)) == random);
    for (const std::string name : {"text/en/tinyshakespeare.txt", "text/en/grimms_fairy_tales.txt"}) {
        MOTE_NEEDS(name);
        const std::string text = read_file(shared_data(name));
        EXPECT_TRUE(t.decode(t.encode(text)) == text) << name;
    }
}

TEST(real_tokenizers, gguf_files_give_46_of_46_vectors) {
    for (const std::string name : {"tokenizers/llamacpp/ggml-vocab-gpt-2.gguf", "tokenizers/llamacpp/ggml-vocab-llama-spm.gguf"}) {
        MOTE_NEEDS(name);
        expect_vectors(OpenedTokenizer(import_tokenizer(shared_data(name))), name);
    }
}

// Text that WordPiece makes into tokens does not come back as it was.
TEST(real_tokenizers, a_gguf_file_of_wordpiece_gives_46_of_46_vectors) {
    const std::string name = "tokenizers/llamacpp/ggml-vocab-bert-bge.gguf";
    MOTE_NEEDS(name);
    const OpenedTokenizer t(import_tokenizer(shared_data(name)));
    const std::vector<testing::TestVector> vectors = testing::read_vectors(name);
    ASSERT_EQ(vectors.size(), 46u);
    for (const testing::TestVector& v : vectors) EXPECT_EQ(t.encode(v.text, testing::plain()), v.ids) << v.text;
    EXPECT_EQ(t.encode("hello"), (Ids{101, 7592, 102}));
}

TEST(real_tokenizers, stories260K_spells_its_known_story) {
    MOTE_NEEDS("weights/llama2c/tok512.bin");
    const OpenedTokenizer t(import_tokenizer(shared_data("weights/llama2c/tok512.bin")));
    const Ids story = {1, 403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426};
    EXPECT_EQ(t.decode(story), "Once upon a time, there was a little girl named Lily.");
    EXPECT_EQ(t.encode("Once upon a time"), (Ids{1, 403, 407, 261, 378}));
}

TEST(real_tokenizers, stories656K_goes_there_and_back) {
    MOTE_NEEDS("weights/hf/stories656K/tokenizer.json");
    const OpenedTokenizer t(import_tokenizer(shared_data("weights/hf/stories656K")));
    const Ids story = {1, 147, 201, 282, 215, 286, 598, 1662, 356, 499, 826, 1363, 1145, 1652, 615, 242, 1482, 951, 628, 499};
    EXPECT_EQ(t.decode(story).substr(0, 46), "Once upon a time, there was a little girl name");
    expect_round_trips(t, "Once upon a time, there was a little girl named Lily.\nShe had a toy car!\n  two spaces in front\na");
}

TEST(real_tokenizers, minimind_goes_there_and_back) {
    MOTE_NEEDS("tokenizers/minimind/tokenizer.json");
    const TokenizerModel m = import_tokenizer(shared_data("tokenizers/minimind"));
    EXPECT_EQ(m.specials.size(), 21u);
    EXPECT_EQ(m.added.size(), 15u);
    EXPECT_EQ(m.pieces[m.eos], "<|im_end|>");
    const OpenedTokenizer t(m);
    expect_round_trips(t,
                       "Hello, world! It's 2024.\n\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x8c\xe4\xb8\x96\xe7\x95\x8c\n\xf0\x9f\x98\x80 "
                       "\xc3\xa9\n<|im_start|>user");
    EncodeOptions options;
    options.parse_special = true;
    EXPECT_EQ(t.encode("<|im_start|><|im_end|>", options), (Ids{1, 2}));
}

TEST(real_tokenizers, a_trained_vocabulary_is_read_under_its_own_name) {
    MOTE_NEEDS("tokenizers/bpe_training/train-bpe-reference-vocab.json");
    MOTE_NEEDS("tokenizers/bpe_training/tinystories_sample.txt");
    const OpenedTokenizer t(import_tokenizer(shared_data("tokenizers/bpe_training/train-bpe-reference-vocab.json")));
    expect_round_trips(t, read_file(shared_data("tokenizers/bpe_training/tinystories_sample.txt")));
}

TEST(real_tokenizers, other_kinds_are_refused_by_name) {
    const std::pair<const char*, const char*> files[] = {{"weights/bert/tiny_bert/tokenizer.json", "Whitespace"}};
    for (const auto& [name, word] : files) {
        MOTE_NEEDS(name);
        testing::expect_refusal("E_UNSUPPORTED", {word}, [path = shared_data(name)] { import_tokenizer(path); });
    }
}

}  // namespace
}  // namespace mote::tools
