// qat: what training rounds is what the device rounds.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "host/refusal.h"
#include "import/import.h"
#include "run/arena.h"
#include "run/evaluate.h"
#include "support/models.h"
#include "support/random.h"
#include "train/optimizer.h"
#include "train/qat.h"
#include "train/tiny_run.h"

namespace mote::tools {
namespace {

using mote::testing::expect_refusal;
using mote::testing::TemporaryFolder;
using mote::testing::tiny_run;

TEST(round_rows, keeps_127_steps_of_the_largest_and_rounds_halves_to_even) {
    const float x[] = {127, 2.5f, -3.5f, 0.4f, -127, 0.25f, 254, 3};
    float y[8];
    round_rows(y, x, 2, 4);
    const float expected[] = {127, 2, -4, 0, -128, 0, 254, 4};  // the second row in steps of 2: -63.5 is -64, 1.5 is 2
    for (size_t i = 0; i < 8; i++) EXPECT_EQ(y[i], expected[i]) << i;
}

TEST(round_rows, makes_nan_of_a_row_that_is_not_finite) {
    float x[] = {1, std::numeric_limits<float>::infinity(), 1, 2};
    round_rows(x, x, 2, 2);
    EXPECT_TRUE(std::isnan(x[0]));
    EXPECT_EQ(x[3], 2.0f);
}

TEST(round_heads, gives_keys_and_values_a_bf16_scale) {
    const Network n = network_of(random_model("llama:dim=8,layers=1,heads=2,kv_heads=1,hidden=8,vocab=3,context=8", 1));
    float qkv[16];
    for (size_t i = 0; i < 16; i++) qkv[i] = i % 4 == 0 ? 1.0f : 0.0f;
    round_heads(qkv, 1, n);
    // 1 / 127 is 0x3c010204; the bf16 above it is 0x3c02.
    const float expected[] = {1.0f, 1.0f, 127 * 0x1.04p-7f, 127 * 0x1.04p-7f};
    for (size_t h = 0; h < 4; h++) EXPECT_FLOAT_EQ(qkv[h * 4], expected[h]) << "head " << h;
}

TEST(parse_qat, takes_formats_that_round) {
    EXPECT_EQ(parse_qat("q4,embedding=q8").of(Role::token_embedding), Format::q8);
    expect_refusal("E_ARG", {"--qat f16"}, [] { parse_qat("f16"); });
    expect_refusal("E_ARG", {"--qat q4,head=f32"}, [] { parse_qat("q4,head=f32"); });
}

// ---- whole models

std::vector<uint32_t> tokens_of(const Weights& weights, const std::string& text, size_t count) {
    const mote::testing::TestModel model = mote::testing::open_test_model(mote::testing::packed_file(weights, "f32"));
    EncodeOptions plain;
    plain.add_special = false;
    std::vector<uint32_t> tokens = encode_text(model.model, text, plain, "the text");
    tokens.resize(std::min(tokens.size(), count));
    return tokens;
}

// The trainer's mean loss on windows of `context` + 1 tokens, which is how evaluate() cuts a text.
double trainer_loss(const Weights& weights, const std::string& qat, const std::vector<uint32_t>& text, size_t context) {
    Network n = network_of(weights);
    Threads threads(1);
    std::vector<float> values = flat_values(n, weights);
    if (!qat.empty()) {
        n.rounded = true;
        RoundedValues rounded(n, parse_qat(qat), threads);
        const float* w = rounded.of(values.data());
        values.assign(w, w + n.count);
    }
    std::vector<uint32_t> tokens;
    std::vector<int32_t> targets;
    for (size_t begin = 0; begin + context < text.size(); begin += context + 1)
        for (size_t i = begin; i < begin + context; i++) {
            tokens.push_back(text[i]);
            targets.push_back(int32_t(text[i + 1]));
        }
    Optimizer optimizer(n, threads, tokens.size() / context, context);
    return optimizer.loss(values.data(), {tokens.data(), targets.data(), tokens.size() / context, context}) / double(tokens.size());
}

double device_loss(const Weights& weights, const std::string& formats, Format cache, const std::vector<uint32_t>& text, size_t context) {
    const mote::testing::TestModel model = mote::testing::open_test_model(mote::testing::packed_file(weights, formats));
    return evaluate(model.model, Options{uint32_t(context), 1, cache, 0}, text, "the text").nats_per_token();
}

struct TrainedLosses {
    double trainer, device;
};

// A model trained with --qat, and what it is worth in the trainer and packed.
TrainedLosses losses_after_training(const std::string& family, const std::string& qat) {
    const TemporaryFolder folder;
    TrainOptions o = tiny_run(folder, "run");
    o.settings.family = family;
    o.settings.kv_heads = 0;
    o.settings.dim = 32;
    o.settings.steps = 150, o.settings.eval_every = 150, o.settings.dropout = 0, o.settings.rate = 1e-2f;
    o.settings.qat = qat;
    train(o);
    const size_t context = o.settings.context;
    const Weights w = import_checkpoint(o.run + "/last");
    const std::vector<uint32_t> text = tokens_of(w, mote::testing::words(600), 60 * (context + 1));
    const bool rounds = !qat.empty();
    return {trainer_loss(w, qat, text, context), device_loss(w, rounds ? qat : "f32", rounds ? Format::q8 : Format::f32, text, context)};
}

TEST(qat, without_it_the_packed_floats_have_the_trainers_loss_within_a_thousandth) {
    const TrainedLosses l = losses_after_training("llama", "");
    EXPECT_NEAR(l.device, l.trainer, 1e-3);
}

class Qat : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

// Rounding falls otherwise where sums differ in their last bit, and attention's weights have 16 bits on the device: 1e-4 and less.
TEST_P(Qat, the_packed_model_has_the_trainers_loss_within_a_thousandth) {
    const TrainedLosses l = losses_after_training(GetParam().first, GetParam().second);
    EXPECT_NEAR(l.device / l.trainer, 1.0, 0.001);
    EXPECT_LT(l.device, 0.75);  // it learnt: ln 9 a word of about four characters
}

INSTANTIATE_TEST_SUITE_P(models, Qat,
                         ::testing::Values(std::make_pair("llama", "q4"), std::make_pair("llama", "q4,embedding=q8"), std::make_pair("gpt2", "q8"),
                                           std::make_pair("gpt2", "q4")));

TEST(qat, gradients_pass_straight_through) {
    const Weights w = random_model("llama:dim=32,kv_heads=2,vocab=60,context=16", 3);
    Network n = network_of(w);
    const std::vector<float> values = flat_values(n, w);
    mote::testing::Random random(4);
    std::vector<uint32_t> tokens(16);
    std::vector<int32_t> targets(16);
    for (size_t i = 0; i < 16; i++) tokens[i] = uint32_t(random.below(60)), targets[i] = int32_t(random.below(60));
    Threads threads(1);
    std::vector<float> gradients[2];
    for (const bool rounds : {false, true}) {
        n.rounded = rounds;
        Optimizer optimizer(n, threads, 1, 16);
        RoundedValues rounded(n, parse_qat("q8"), threads);
        optimizer.accumulate(rounds ? rounded.of(values.data()) : values.data(), {tokens.data(), targets.data(), 1, 16}, 1, {});
        optimizer.reduce();
        gradients[rounds].assign(optimizer.gradient(), optimizer.gradient() + n.count);
    }
    double dot = 0, squares[2] = {};
    for (size_t i = 0; i < n.count; i++) {
        dot += double(gradients[0][i]) * double(gradients[1][i]);
        for (const size_t g : {0u, 1u}) squares[g] += double(gradients[g][i]) * double(gradients[g][i]);
    }
    EXPECT_GT(dot / std::sqrt(squares[0] * squares[1]), 0.995);  // 8 bits change little
    EXPECT_NE(gradients[0], gradients[1]);
}

// ---- beginning with a model

TEST(init_from, begins_where_the_other_run_ended) {
    const TemporaryFolder folder;
    TrainOptions first = tiny_run(folder, "first");
    first.settings.rate = 1e-2f;
    const TrainResult before = train(first);
    TrainOptions tuned = tiny_run(folder, "tuned");
    tuned.settings.init_from = first.run;
    tuned.settings.dim = 999;  // not given: the model's own is used
    tuned.settings.steps = 1, tuned.settings.rate = tuned.settings.min_rate = 1e-9f;  // moves nothing that the loss shows
    EXPECT_NEAR(train(tuned).validation_loss, before.best_loss, 1e-6);
    EXPECT_EQ(import_checkpoint(tuned.run + "/last").architecture.dim, 16u);
}

TEST(init_from, refuses_other_sizes_and_another_tokenizer) {
    const TemporaryFolder folder;
    TrainOptions first = tiny_run(folder, "first");
    first.settings.steps = 1;
    train(first);
    TrainOptions tuned = tiny_run(folder, "tuned");
    tuned.settings.init_from = first.run + "/last";
    tuned.settings.dim = 32;
    tuned.given = {"dim"};
    expect_refusal("E_MISMATCH", {"dim is 16 there, 32"}, [&] { train(tuned); });
    tuned.given = {"tokenizer"};
    expect_refusal("E_ARG", {"keeps its tokenizer"}, [&] { train(tuned); });
    tuned.given = {"context"};
    tuned.settings.context = 17;
    expect_refusal("E_MISMATCH", {"context is 16 there, 17"}, [&] { train(tuned); });
}

}  // namespace
}  // namespace mote::tools
