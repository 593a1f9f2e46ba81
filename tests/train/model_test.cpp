// model: the trainer's logits are core's.
#include <gtest/gtest.h>

#include <cmath>

#include "host/refusal.h"
#include "import/import.h"
#include "support/models.h"
#include "support/random.h"
#include "train/init.h"
#include "train/linear.h"
#include "train/model.h"
#include "train/network.h"

namespace mote::tools {
namespace {

using namespace mote::testing;

// The trainer's logits at every position, (tokens, vocab).
std::vector<float> trainer_logits(const Weights& weights, const std::vector<uint32_t>& tokens) {
    const Network n = network_of(weights);
    const std::vector<float> values = flat_values(n, weights);
    const std::vector<int32_t> targets(tokens.size(), no_target);
    Activations activations(n, 1, tokens.size());
    forward(n, values.data(), {tokens.data(), targets.data(), 1, tokens.size()}, {}, activations);
    std::vector<float> logits(tokens.size() * n.architecture.vocab);
    linear_forward(logits.data(), activations.normed, at(values.data(), n.head), nullptr, nullptr,
                   {tokens.size(), n.architecture.dim, n.architecture.vocab});
    return logits;
}

void expect_parity(const Weights& weights) {
    const TestModel model = open_test_model(packed_file(weights, "f32"));
    const size_t vocab = weights.architecture.vocab, count = std::min<size_t>(weights.architecture.context, 70);
    TestSession s = start_test_session(model.model, Options{uint32_t(count), 1, Format::f32, 0});
    Random random(9);
    std::vector<uint32_t> tokens(count);
    for (uint32_t& token : tokens) token = uint32_t(random.below(vocab));
    const std::vector<float> logits = trainer_logits(weights, tokens);
    float worst = 0, largest = 1;
    for (size_t t = 0; t < count; t++) {
        const Result<Span<float>> step_logits = step(s.session, &tokens[t], 1);
        ASSERT_TRUE(step_logits.ok());
        for (size_t i = 0; i < vocab; i++) {
            worst = std::max(worst, std::fabs(step_logits.value[i] - logits[t * vocab + i]));
            largest = std::max(largest, std::fabs(step_logits.value[i]));
        }
    }
    EXPECT_LE(worst, 1e-4f * largest) << weights.source;
}

class Parity : public ::testing::TestWithParam<std::string> {};

TEST_P(Parity, of_logits_with_core_in_random_models) { expect_parity(random_model(GetParam(), 3)); }

INSTANTIATE_TEST_SUITE_P(shapes, Parity,
                         ::testing::Values("gpt2:dim=32,layers=3,vocab=100", "gpt2:dim=24,heads=3,tied=0,activation=gelu_erf",
                                           "gpt2:dim=32,activation=relu,context=16", "llama:dim=32,kv_heads=2,vocab=60",
                                           "llama:dim=40,heads=5,kv_heads=1,hidden=77,pairing=interleaved,tied=0",
                                           "llama:dim=32,activation=gelu_tanh", "qwen2:dim=32,heads=4,kv_heads=2",
                                           "qwen3:dim=32,heads=4,kv_heads=2,head_dim=16"));

TEST(parity, of_logits_with_core_in_golden_models) {
    for (const char* name : {"tiny_gpt2", "tiny_gpt2_erf_untied", "tiny_llama", "tiny_llama_mqa_bias", "tiny_qwen2", "tiny_qwen3", "tiny_llama2c.bin"})
        expect_parity(import_checkpoint(std::string(MOTE_GOLDEN_DIR) + "/models/" + name));
}

TEST(parity, of_logits_with_core_in_new_models) {
    ModelShape shape;
    shape.vocab = 50;
    for (const char* family : {"gpt2", "llama", "qwen2", "qwen3"}) {
        shape.family = family;
        expect_parity(initial_weights(shape, 4));
    }
    shape.family = "gpt2";
    shape.bias = false;
    expect_parity(initial_weights(shape, 4));
}

TEST(network, keeps_every_tensor) {
    Weights w = random_model("llama:dim=40,heads=5,kv_heads=1,tied=0", 1);
    const Network n = network_of(w);
    const std::vector<float> values = flat_values(n, w);
    const Weights kept = w;
    for (auto& [key, tensor] : w.tensors) tensor = HostTensor(tensor.rows, tensor.cols, std::vector<float>(tensor.count()));
    store_values(n, values.data(), w);
    for (const auto& [key, tensor] : kept.tensors) EXPECT_EQ(w.tensors.at(key).values(), tensor.values()) << role_name(key.first);
}

TEST(network, refuses_what_it_does_not_compute) {
    Weights w = random_model("qwen3:dim=32", 1);
    w.architecture.position = Position::sinusoidal;
    expect_refusal("E_UNSUPPORTED", {"positions"}, [&] { network_of(w); });
    w = random_model("qwen3:dim=32", 1);
    w.tensors.erase({Role::k_norm, 0});
    expect_refusal("E_UNSUPPORTED", {"q_norm", "k_norm", "only one"}, [&] { network_of(w); });
}

}  // namespace
}  // namespace mote::tools
