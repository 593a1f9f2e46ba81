// GGUF files as mote writes them: names, order of rows, rope, tokenizer; read back, they are the same model.
#include "export/gguf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "export/family_of.h"
#include "gguf/gguf_file.h"
#include "import/import.h"
#include "import/rope.h"
#include "make_checkpoint.h"
#include "opened_tokenizer.h"
#include "pack/random_model.h"
#include "refusal.h"
#include "shared_data.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;
using testing::OpenedTokenizer;
using testing::TemporaryFolder;

using Notes = std::vector<std::string>;

const GgmlType& written(const char* name) { return *find_written_type(name); }

Weights there_and_back(const Weights& weights, Notes& notes, const char* type = "F32") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/model.gguf";
    const uint64_t bytes = export_gguf(path, weights, written(type), notes);
    EXPECT_EQ(bytes, std::filesystem::file_size(path));
    const Weights back = import_checkpoint(path);
    for (const auto& [key, tensor] : back.tensors) tensor.values();  // the mapping outlives the folder
    return back;
}

Weights there_and_back(const Weights& weights) {
    Notes notes;
    return there_and_back(weights, notes);
}

void expect_same_tensors(const Weights& a, const Weights& b) {
    ASSERT_EQ(a.tensors.size(), b.tensors.size());
    for (const auto& [key, tensor] : a.tensors)
        EXPECT_EQ(tensor.values(), b.tensors.at(key).values()) << role_name(key.first) << key.second;
}

TEST(export_gguf, writes_models_that_are_read_back_as_they_were) {
    for (const char* shape :
         {"gpt2:dim=8,layers=2,heads=2,hidden=16,vocab=10,context=6", "qwen2:dim=8,layers=2,heads=2,hidden=12,vocab=9,context=4",
          "gpt2:dim=8,layers=1,heads=1,hidden=8,vocab=10,context=6,tied=0",
          "qwen3:dim=12,layers=1,heads=2,head_dim=8,hidden=20,vocab=12,context=5"}) {
        Weights w = random_model(shape, 1);
        const Weights back = there_and_back(w);
        if (w.architecture.rope_dim == 0) w.architecture.rope_pairing = back.architecture.rope_pairing;  // of nothing
        EXPECT_EQ(std::memcmp(&w.architecture, &back.architecture, sizeof w.architecture), 0) << shape;
        EXPECT_EQ(w.rope_frequencies, back.rope_frequencies) << shape;
        expect_same_tensors(w, back);
    }
}

// Rows of a head of 4 that rotate as (0, 2) and (1, 3) are stored so that they rotate as (0, 1) and (2, 3).
TEST(export_gguf, puts_the_rows_of_a_llama_in_pairs) {
    Weights w = random_model("llama:dim=8,layers=1,heads=2,hidden=12,vocab=9,context=4", 1);
    w.architecture.rope_pairing = RopePairing::halves;
    const Weights back = there_and_back(w);
    EXPECT_EQ(back.architecture.rope_pairing, RopePairing::interleaved);
    const std::vector<float> before = w.tensors.at({Role::k, 0}).values(), after = back.tensors.at({Role::k, 0}).values();
    const size_t from[] = {0, 2, 1, 3, 4, 6, 5, 7};
    for (size_t row = 0; row < 8; row++)
        for (size_t col = 0; col < 8; col++) EXPECT_EQ(after[row * 8 + col], before[from[row] * 8 + col]) << row;
    EXPECT_EQ(back.tensors.at({Role::v, 0}).values(), w.tensors.at({Role::v, 0}).values());
    w.architecture.rope_pairing = RopePairing::interleaved;
    expect_same_tensors(w, there_and_back(w));
}

TEST(export_gguf, writes_zeros_for_the_biases_that_a_gpt2_does_without) {
    Weights w = random_model("gpt2:dim=8,layers=1,heads=1,hidden=8,vocab=10,context=6", 1);
    for (auto it = w.tensors.begin(); it != w.tensors.end();) {
        const std::string name = role_name(it->first.first);
        it = name.size() > 5 && name.substr(name.size() - 5) == "_bias" ? w.tensors.erase(it) : std::next(it);
    }
    const Weights back = there_and_back(w);
    EXPECT_EQ(back.tensors.at({Role::down_bias, 0}).values(), std::vector<float>(8, 0));
    EXPECT_EQ(back.tensors.at({Role::k_bias, 0}).values(), std::vector<float>(8, 0));
}

TEST(export_gguf, finds_the_base_of_rope) {
    for (const double theta : {10000.0, 500000.0, 1000000.0, 10007.0}) {
        const RopeBase base = rope_base(rope_frequencies(16, theta), 16);
        EXPECT_EQ(base.theta, theta);
        EXPECT_TRUE(base.divisors.empty());
    }
}

// One pair in float32 is off by 2^-24 of itself, and a frequency by half of 2^-32 turns.
TEST(export_gguf, writes_stretched_rope_as_divisors) {
    const Json scaling = {{"rope_type", "llama3"},
                          {"factor", 8.0},
                          {"low_freq_factor", 1.0},
                          {"high_freq_factor", 4.0},
                          {"original_max_position_embeddings", 64}};
    Weights w = random_model("llama:dim=32,layers=1,heads=2,hidden=12,vocab=9,context=4", 1);
    for (const std::optional<JsonView>& rule :
         {std::optional<JsonView>(JsonView(scaling, "config.json")), std::optional<JsonView>()}) {
        w.rope_frequencies = rope_frequencies(16, 500000, rule);
        const std::vector<uint32_t> back = there_and_back(w).rope_frequencies;
        for (size_t i = 0; i < 8; i++)
            EXPECT_NEAR(double(back[i]), double(w.rope_frequencies[i]), 1 + double(w.rope_frequencies[i]) * 0x1p-23) << i;
    }
}

TEST(export_gguf, refuses_what_llama_cpp_does_not_compute) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/x.gguf";
    Notes notes;
    Weights w = random_model("gpt2:dim=8,layers=1,heads=1,hidden=8,vocab=10,context=6", 1);
    w.architecture.activation = Activation::gelu_erf;
    expect_refusal("E_UNSUPPORTED", {"gelu_new"}, [&] { export_gguf(path, w, written("F32"), notes); });
    w = random_model("qwen2:dim=8,layers=1,heads=1,hidden=8,vocab=9,context=4", 1);
    w.rope_frequencies[2] /= 2;
    expect_refusal("E_UNSUPPORTED", {"theta"}, [&] { export_gguf(path, w, written("F32"), notes); });
    w = random_model("llama:dim=8,layers=1,heads=1,hidden=8,vocab=9,context=4", 1);
    w.tensors.erase({Role::gate, 0});
    expect_refusal("E_UNSUPPORTED", {"qwen2, qwen3"}, [&] { export_gguf(path, w, written("F32"), notes); });
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(export_gguf, refuses_numbers_that_f16_does_not_hold) {
    const TemporaryFolder folder;
    Notes notes;
    Weights w = random_model("llama:dim=8,layers=1,heads=1,hidden=8,vocab=9,context=4", 1);
    w.tensors[{Role::v, 0}] = HostTensor(8, 8, std::vector<float>(64, 65505));
    expect_refusal("E_RANGE", {"attn_v", "element 0", "F16"},
                   [&] { export_gguf(folder.path() + "/x.gguf", w, written("F16"), notes); });
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(export_gguf, writes_small_types) {
    Weights w = random_model("llama:dim=32,layers=1,heads=2,hidden=40,vocab=9,context=4", 1);
    Notes notes;
    for (const char* type : {"F16", "Q8_0"}) {
        const Weights back = there_and_back(w, notes, type);
        const std::vector<float> before = w.tensors.at({Role::down, 0}).values(), after = back.tensors.at({Role::down, 0}).values();
        float largest = 0;
        for (const float value : before) largest = std::max(largest, std::abs(value));
        for (size_t i = 0; i < before.size(); i++) EXPECT_NEAR(after[i], before[i], double(largest) / 250) << type;
        EXPECT_EQ(back.tensors.at({Role::ffn_norm, 0}).values(), w.tensors.at({Role::ffn_norm, 0}).values());
    }
}

TEST(export_gguf, makes_the_blocks_that_ggml_makes) {
    MOTE_NEEDS("quant/ggml/q8_0_64_noim_input.bin");
    const std::string input = testing::read_file(testing::shared_data("quant/ggml/q8_0_64_noim_input.bin"));
    const std::string expected = testing::read_file(testing::shared_data("quant/ggml/q8_0_64_noim_expected.bin"));
    std::vector<float> values(input.size() / sizeof(float));
    std::memcpy(values.data(), input.data(), input.size());
    std::string blocks(expected.size(), '\0');
    written("Q8_0").encode(values.data(), values.size() / 32, reinterpret_cast<uint8_t*>(blocks.data()));
    EXPECT_EQ(blocks, expected);
}

// ---- tokenizers

TokenizerModel there_and_back(const TokenizerModel& model, uint32_t vocab, Notes& notes) {
    Weights w = random_model("llama:dim=8,layers=1,heads=1,hidden=8,context=4,vocab=" + std::to_string(vocab), 1);
    w.tokenizer = model;
    return *there_and_back(w, notes).tokenizer;
}

void expect_same_tokens(const TokenizerModel& a, const TokenizerModel& b, std::initializer_list<const char*> texts) {
    EXPECT_EQ(a.bos, b.bos);
    EXPECT_EQ(a.eos, b.eos);
    EXPECT_EQ(a.unk, b.unk);
    const OpenedTokenizer before(a), after(b);
    for (const char* text : texts) {
        EXPECT_EQ(before.encode(text), after.encode(text)) << text;
        EXPECT_EQ(after.decode(before.encode(text)), before.decode(before.encode(text))) << text;
    }
}

TEST(export_gguf, keeps_a_byte_level_tokenizer) {
    const TemporaryFolder folder;
    const TokenizerModel model = import_tokenizer(folder.write("tokenizer.json", testing::byte_level_tokenizer().dump()));
    Notes notes;
    expect_same_tokens(model, there_and_back(model, 259, notes), {"he he", " hehe", "\xff\n", ""});
    EXPECT_TRUE(notes.empty());
}

TEST(export_gguf, keeps_a_scored_tokenizer) {
    const TemporaryFolder folder;
    const TokenizerModel model = import_tokenizer(folder.write(
        "tokenizer.bin",
        testing::llama2c_tokenizer({{" ", -9}, {"a", -8}, {"b", -7}, {"ab", -2}, {" a", -1}, {" ab", -3}, {"aba", -2}})));
    Notes notes;
    expect_same_tokens(model, there_and_back(model, 266, notes), {"ab", "abab", "ba ab", "\xc3\xa9", ""});
    EXPECT_TRUE(notes.empty());
}

TEST(export_gguf, keeps_wordpiece_and_says_where_llama_cpp_is_not_bert) {
    const TemporaryFolder folder;
    const TokenizerModel model = import_tokenizer(folder.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\ne\n##e\n##ab\n,\n"));
    Notes notes;
    expect_same_tokens(model, there_and_back(model, 12, notes), {"a,\xc3\xa9\xc3\xa9 Aab", "ae\xcc\x81", "x"});
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("Hangul"), std::string::npos);
}

TEST(export_gguf, names_the_tokens_that_only_the_model_has) {
    const TemporaryFolder folder;
    const TokenizerModel model = import_tokenizer(folder.write("tokenizer.json", testing::byte_level_tokenizer().dump()));
    Notes notes;
    EXPECT_EQ(there_and_back(model, 261, notes).pieces.at(260), "[PAD260]");
}

TEST(export_gguf, refuses_two_tokens_of_one_name) {
    const TemporaryFolder folder;
    const TokenizerModel model =
        import_tokenizer(folder.write("tokenizer.bin", testing::llama2c_tokenizer({{"a", -1}, {"a", -2}})));
    Notes notes;
    expect_refusal("E_DUP", {"token 260", "\"a\""}, [&] { there_and_back(model, 261, notes); });
}

TEST(export_gguf, says_when_a_tokenizer_merges_by_rules_that_are_no_scores) {
    const TemporaryFolder folder;
    Json json = testing::marked_tokenizer();
    const TokenizerModel model = import_tokenizer(folder.write("tokenizer.json", json.dump()));
    Notes notes;
    there_and_back(model, 8, notes);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("not every byte"), std::string::npos);
    json["model"]["vocab"]["b\xe2\x96\x81"] = 8;  // a pair that no merge makes
    const TokenizerModel other = import_tokenizer(folder.write("tokenizer.json", json.dump()));
    notes.clear();
    there_and_back(other, 9, notes);
    ASSERT_EQ(notes.size(), 2u);
    EXPECT_NE(notes[1].find("merges by score"), std::string::npos);
}

}  // namespace
}  // namespace mote::tools
