// Checkpoints that others made. Values are those that their origins state, or were read with another program.
#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>

#include "import/import.h"
#include "refusal.h"
#include "shared_data.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;
using testing::shared_data;

float element(const Weights& weights, Role role, uint32_t layer, size_t index) {
    return weights.tensors.at({role, layer}).values().at(index);
}

TEST(real_checkpoints, stories260K_has_its_documented_shape) {
    MOTE_NEEDS("weights/llama2c/stories260K.bin");
    const Weights w = import_checkpoint(shared_data("weights/llama2c/stories260K.bin"));
    const Architecture& a = w.architecture;
    EXPECT_EQ(a.dim, 64u);
    EXPECT_EQ(a.hidden, 172u);
    EXPECT_EQ(a.layers, 5u);
    EXPECT_EQ(a.heads, 8u);
    EXPECT_EQ(a.kv_heads, 4u);
    EXPECT_EQ(a.vocab, 512u);
    EXPECT_EQ(a.context, 512u);
    EXPECT_EQ(w.tensors.size(), 2u + 5 * 9);
}

TEST(real_checkpoints, versions_0_and_1_of_stories260K_are_equal) {
    MOTE_NEEDS("weights/llama2c/stories260K.bin");
    MOTE_NEEDS("weights/llama2c/stories260K_v1.bin");
    const Weights v0 = import_checkpoint(shared_data("weights/llama2c/stories260K.bin"));
    const Weights v1 = import_checkpoint(shared_data("weights/llama2c/stories260K_v1.bin"));
    ASSERT_EQ(v0.tensors.size(), v1.tensors.size());
    for (const auto& [key, tensor] : v0.tensors)
        EXPECT_EQ(tensor.values(), v1.tensors.at(key).values()) << role_name(key.first) << key.second;
    EXPECT_EQ(v0.rope_frequencies, v1.rope_frequencies);
}

// 8-bit groups of 8: an element is off by at most half a step, and a step is the group's largest over 127.
TEST(real_checkpoints, version_2_of_stories260K_is_close_to_version_0) {
    MOTE_NEEDS("weights/llama2c/stories260K.bin");
    MOTE_NEEDS("weights/llama2c/stories260K_q80.bin");
    const Weights exact = import_checkpoint(shared_data("weights/llama2c/stories260K.bin"));
    const Weights coarse = import_checkpoint(shared_data("weights/llama2c/stories260K_q80.bin"));
    for (const auto& [key, tensor] : exact.tensors) {
        float largest = 0, error = 0;
        const std::vector<float> values = tensor.values(), near = coarse.tensors.at(key).values();
        for (size_t i = 0; i < values.size(); i++) {
            largest = std::max(largest, std::abs(values[i]));
            error = std::max(error, std::abs(values[i] - near[i]));
        }
        EXPECT_LE(error, largest / 253) << role_name(key.first) << key.second;
    }
}

TEST(real_checkpoints, stories656K_has_the_elements_its_origin_states) {
    MOTE_NEEDS("weights/hf/stories656K/model.safetensors");
    const Weights w = import_checkpoint(shared_data("weights/hf/stories656K"));
    EXPECT_EQ(w.architecture.dim, 128u);
    EXPECT_EQ(w.architecture.hidden, 384u);
    EXPECT_EQ(w.architecture.layers, 2u);
    EXPECT_EQ(w.architecture.kv_heads, 4u);
    EXPECT_EQ(w.architecture.vocab, 2048u);
    EXPECT_EQ(w.tensors.count({Role::head, 0}), 0u);
    EXPECT_EQ(element(w, Role::token_embedding, 0, 50), 0.14453125f);
    EXPECT_EQ(element(w, Role::attention_norm, 0, 10), 0.18652344f);
    EXPECT_EQ(element(w, Role::ffn_norm, 1, 10), 0.32421875f);
    EXPECT_EQ(element(w, Role::final_norm, 0, 100), 0.73046875f);
    EXPECT_EQ(element(w, Role::down, 0, 100), -0.0625f);
    EXPECT_EQ(element(w, Role::up, 0, 100), 1.46875f);
    EXPECT_EQ(element(w, Role::gate, 1, 100), 0.296875f);
    EXPECT_EQ(element(w, Role::q, 1, 100), 0.032226563f);
    EXPECT_EQ(element(w, Role::k, 1, 100), -0.21386719f);
    EXPECT_EQ(element(w, Role::v, 0, 100), 0.041015625f);
    EXPECT_EQ(element(w, Role::o, 0, 100), 0.01965332f);
    ASSERT_TRUE(w.tokenizer);
    EXPECT_EQ(w.tokenizer->bos, 1u);
    EXPECT_EQ(w.tokenizer->eos, 2u);
    EXPECT_TRUE(w.notes.empty());
}

TEST(real_checkpoints, tiny_llama3_stretches_its_rope) {
    MOTE_NEEDS("weights/hf/tiny_llama3/model.safetensors");
    const Weights w = import_checkpoint(shared_data("weights/hf/tiny_llama3"));
    EXPECT_EQ(w.tensors.count({Role::head, 0}), 1u);
    EXPECT_EQ(w.tensors.size(), 3u + 2 * 9);
    ASSERT_EQ(w.rope_frequencies.size(), 8u);
    EXPECT_EQ(w.rope_frequencies[0], 683565276u);
    EXPECT_NEAR(w.rope_frequencies[7], 683565275.576 * std::pow(500000.0, -14.0 / 16) / 8, 0.6);
}

TEST(real_checkpoints, tiny_qwen3_has_norms_of_heads) {
    MOTE_NEEDS("weights/hf/tiny_qwen3/model.safetensors");
    const Weights w = import_checkpoint(shared_data("weights/hf/tiny_qwen3"));
    EXPECT_EQ(w.tensors.size(), 3u + 2 * 11);
    EXPECT_EQ(w.tensors.at({Role::q_norm, 1}).cols, 16u);
    EXPECT_EQ(w.architecture.context, 2048u);
}

TEST(real_checkpoints, tiny_gpt2_is_read_with_its_tokenizer) {
    MOTE_NEEDS("weights/gpt2/tiny_gpt2_hf/model.safetensors");
    const Weights w = import_checkpoint(shared_data("weights/gpt2/tiny_gpt2_hf"));
    EXPECT_EQ(w.tensors.size(), 20u);
    EXPECT_EQ(w.architecture.hidden, 8u);
    EXPECT_EQ(w.tensors.at({Role::position_embedding, 0}).rows, 1024u);
    ASSERT_TRUE(w.tokenizer);
    EXPECT_EQ(w.tokenizer->pieces.size(), 21u);
    EXPECT_EQ(w.tokenizer->unk, 19u);
    EXPECT_EQ(w.tokenizer->eos, 20u);
}

TEST(real_checkpoints, other_kinds_are_refused_by_name) {
    const std::tuple<const char*, const char*, const char*> files[] = {
        {"weights/bert/tiny_bert", "E_UNSUPPORTED", "bert"},
        {"weights/t5/dummy_t5", "E_UNSUPPORTED", "t5"},
        {"weights/hf/stories656K/config.json", "E_MAGIC", "JSON"},
    };
    for (const auto& [name, code, word] : files) {
        MOTE_NEEDS(name);
        expect_refusal(code, {word}, [&, path = shared_data(name)] { import_checkpoint(path); });
    }
}

}  // namespace
}  // namespace mote::tools
