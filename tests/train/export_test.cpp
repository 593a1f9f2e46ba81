// export: what is written is read back as it was.
#include <gtest/gtest.h>

#include "export/hf.h"
#include "export/rope_scaling.h"
#include "host/make_checkpoint.h"
#include "host/refusal.h"
#include "import/rope.h"
#include "import/transformer.h"
#include "pack/random_model.h"
#include "train/init.h"
#include "train/network.h"

namespace mote::tools {
namespace {

using mote::testing::expect_refusal;
using mote::testing::TemporaryFolder;

Weights exported_and_imported(const Weights& w) {
    const TemporaryFolder folder;
    const HfFiles files = export_hf(w);
    folder.write("config.json", files.config);
    folder.write("model.safetensors", files.safetensors);
    return import_hf(folder.path(), Nonfinite::refused);
}

void expect_same(const Weights& a, const Weights& b) {
    EXPECT_EQ(std::memcmp(&a.architecture, &b.architecture, sizeof a.architecture), 0);
    EXPECT_EQ(a.rope_frequencies, b.rope_frequencies);
    EXPECT_EQ(a.block_of_layer, b.block_of_layer);
    ASSERT_EQ(a.tensors.size(), b.tensors.size());
    for (const auto& [key, tensor] : a.tensors) {
        ASSERT_TRUE(b.tensors.count(key)) << role_name(key.first);
        EXPECT_EQ(tensor.rows, b.tensors.at(key).rows) << role_name(key.first);
        EXPECT_EQ(tensor.values(), b.tensors.at(key).values()) << role_name(key.first);
    }
    EXPECT_TRUE(b.notes.empty()) << b.notes.front();
}

class Export : public ::testing::TestWithParam<const char*> {};

TEST_P(Export, is_read_back_as_it_was) {
    Weights w = random_model(GetParam(), 2);
    if (w.architecture.position == Position::learned) w.architecture.rope_pairing = RopePairing::interleaved;  // 0: nothing rotates
    expect_same(w, exported_and_imported(w));
}
INSTANTIATE_TEST_SUITE_P(shapes, Export,
                         ::testing::Values("gpt2:dim=32", "gpt2:dim=32,tied=0,activation=gelu_erf,hidden=50", "llama:dim=32,kv_heads=2",
                                           "llama:dim=40,heads=5,kv_heads=1,tied=0", "qwen2:dim=32", "qwen3:dim=32,head_dim=16"));

TEST(export_hf, writes_new_models_of_each_family_that_can_be_trained) {
    ModelShape shape;
    shape.vocab = 11, shape.dim = 16, shape.layers = 2;
    for (const char* family : {"gpt2", "llama", "qwen2", "qwen3"}) {
        shape.family = family;
        const Weights w = initial_weights(shape, 1);
        expect_same(w, exported_and_imported(w));
    }
}

// Every reader of GPT-2 expects biases: a model without is written with zeros, and the config says that they are nothing else.
TEST(export_hf, writes_a_gpt2_without_biases_as_one_with_zeros) {
    ModelShape shape;
    shape.vocab = 11, shape.dim = 16, shape.layers = 2;
    shape.bias = false;
    const Weights w = initial_weights(shape, 1);
    EXPECT_EQ(w.tensors.count({Role::q_bias, 0}) + w.tensors.count({Role::final_norm_bias, 0}), 0u);
    expect_same(w, exported_and_imported(w));

    const HfFiles files = export_hf(w);
    EXPECT_NE(files.config.find("\"bias\": false"), std::string::npos) << files.config;
    shape.bias = true;  // new biases are zeros
    EXPECT_EQ(files.safetensors, export_hf(initial_weights(shape, 1)).safetensors);
}

TEST(import_hf, refuses_biases_that_the_config_denies) {
    const TemporaryFolder folder;
    const HfFiles files = export_hf(random_model("gpt2:dim=16", 1));
    std::string config = files.config;
    config.insert(1, "\"bias\": false,");
    folder.write("config.json", config);
    folder.write("model.safetensors", files.safetensors);
    expect_refusal("E_MISMATCH", {"bias", "not zeros"}, [&] { import_hf(folder.path(), Nonfinite::refused); });
}

TEST(export_hf, moves_the_rows_of_interleaved_pairs_to_halves) {
    const Weights w = random_model("llama:dim=8,layers=1,heads=2,kv_heads=1,hidden=4,vocab=3,context=8,pairing=interleaved", 1);
    const Weights read = exported_and_imported(w);
    EXPECT_EQ(read.architecture.rope_pairing, RopePairing::halves);
    const std::vector<float> before = w.tensors.at({Role::q, 0}).values(), after = read.tensors.at({Role::q, 0}).values();
    const size_t row_of[] = {0, 2, 1, 3, 4, 6, 5, 7};  // (0, 1), (2, 3) become (0, 2), (1, 3) in each head of four
    for (size_t row = 0; row < 8; row++)
        for (size_t i = 0; i < 8; i++) EXPECT_EQ(before[row * 8 + i], after[row_of[row] * 8 + i]) << "row " << row;
}

// The published settings of Llama 3.1 and 3.2, and others that leave one or no pair between fast and slow.
TEST(export_hf, finds_the_rule_that_stretched_rope) {
    struct Stretch {
        uint32_t dim;
        double theta;
        Json scaling;
    };
    const auto llama3 = [](double factor, double high, uint32_t context) {
        return Json{{"rope_type", "llama3"}, {"factor", factor}, {"low_freq_factor", 1.0}, {"high_freq_factor", high}, {"original_max_position_embeddings", context}};
    };
    const Stretch stretches[] = {{128, 500000, llama3(8, 4, 8192)}, {64, 500000, llama3(32, 4, 8192)}, {16, 500000, llama3(8, 4, 8192)}, {8, 500000, llama3(8, 4, 8192)},
                                 {64, 10000, llama3(2.5, 8, 1024)}, {32, 10000, {{"rope_type", "linear"}, {"factor", 4.0}}}, {32, 10000, {{"rope_type", "linear"}, {"factor", 1.25}}}};
    for (const Stretch& s : stretches) {
        const std::vector<uint32_t> frequencies = rope_frequencies(s.dim, s.theta, JsonView(s.scaling, "config.json"));
        const std::optional<RopeRule> rule = rope_rule(frequencies, s.dim);
        ASSERT_TRUE(rule) << s.scaling;
        EXPECT_EQ(rule->theta, s.theta) << s.scaling;
        EXPECT_EQ(rope_frequencies(s.dim, rule->theta, JsonView(rule->scaling, "config.json")), frequencies) << s.scaling;
        const Json& other = s.dim > 8 ? s.scaling : rule->scaling;  // of few pairs many rules may be true
        EXPECT_EQ(rule->scaling, other);
    }
    EXPECT_TRUE(rope_rule(rope_frequencies(16, 10000), 16)->scaling.is_null());
}

TEST(export_hf, writes_stretched_rope) {
    const Json scaling = {{"rope_type", "llama3"}, {"factor", 8.0}, {"low_freq_factor", 1.0}, {"high_freq_factor", 4.0}, {"original_max_position_embeddings", 8192}};
    Weights w = random_model("llama:dim=32,heads=2", 1);
    w.rope_frequencies = rope_frequencies(16, 500000, JsonView(scaling, "config.json"));
    expect_same(w, exported_and_imported(w));
    EXPECT_EQ(Json::parse(export_hf(w).config)["rope_scaling"], scaling);
}

TEST(export_hf, refuses_frequencies_of_no_theta) {
    Weights w = random_model("llama:dim=32", 1);
    w.rope_frequencies[2] += 1000000;
    expect_refusal("E_UNSUPPORTED", {"theta"}, [&] { export_hf(w); });
}

}  // namespace
}  // namespace mote::tools
