// parity: fifty steps of training beside PyTorch's, from parity.json (make_parity.py).
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "train/init.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace mote::tools {
namespace {

using Json = nlohmann::json;

const Json& parity() {
    static const Json json = Json::parse(std::ifstream(MOTE_TRAIN_TEST_DIR "/parity.json"));
    return json;
}

// The batches of make_parity.py.
struct ParityBatches {
    size_t sequences, length, vocab;
    Random random{2};
    std::vector<uint32_t> tokens{};
    std::vector<int32_t> targets{};

    Batch next() {
        tokens.clear();
        targets.clear();
        for (size_t s = 0; s < sequences; s++) {
            uint64_t token = random.next() % vocab;
            for (size_t t = 0; t < length; t++) {
                tokens.push_back(uint32_t(token));
                token = (token * 3 + 1 + random.next() % 2) % vocab;
                targets.push_back(targets.size() % 5 == 4 ? no_target : int32_t(token));
            }
        }
        return {tokens.data(), targets.data(), sequences, length};
    }
    float scale() const {
        return 1.0f / float(std::count_if(targets.begin(), targets.end(), [](int32_t t) { return t != no_target; }));
    }
};

void expect_gradient(const Network& n, const float* gradient, const Json& expected) {
    EXPECT_EQ(n.parameters.size(), expected.size());
    for (const Parameter& p : n.parameters) {
        const std::string name = std::string(role_name(p.key.first)) + " " + std::to_string(p.key.second);
        const std::vector<double> values = expected.at(name);
        ASSERT_EQ(values.size(), p.count()) << name;
        double largest = 0;
        for (const double v : values) largest = std::max(largest, std::fabs(v));
        // A key's bias moves all scores of a query alike: its gradient is 0 but for rounding.
        for (size_t i = 0; i < values.size(); i++)
            EXPECT_NEAR(double(gradient[p.offset + i]), values[i], 1e-5 * std::max(largest, 1e-5)) << name << " at " << i;
    }
}

class PyTorchParity : public ::testing::TestWithParam<Json> {};

TEST_P(PyTorchParity, of_first_gradient_and_fifty_losses) {
    const Json &model = GetParam(), settings = parity().at("settings");
    ModelShape shape;
    shape.family = model.at("family");
    shape.layers = settings.at("layers");
    shape.dim = settings.at("dim");
    shape.heads = settings.at("heads");
    shape.kv_heads = model.at("kv_heads");
    shape.hidden = model.at("hidden");
    shape.context = settings.at("context");
    shape.vocab = settings.at("vocab");
    shape.tied = model.at("tied");
    shape.bias = model.value("bias", true);
    const Weights weights = initial_weights(shape, 1);
    const Network n = network_of(weights);
    TrainState state;
    state.values = flat_values(n, weights);
    state.first_moment.resize(n.count);
    state.second_moment.resize(n.count);

    const uint64_t steps = settings.at("steps");
    const Schedule schedule{settings.at("rate"), settings.at("min_rate"), settings.at("warmup"), steps};
    StepOptions options;
    options.adam = {settings.at("beta1"), settings.at("beta2"), 1e-8f, settings.at("decay")};
    options.longest_gradient = settings.at("bound");
    ParityBatches batches{settings.at("batch"), shape.context, shape.vocab};
    Threads threads(2);
    Optimizer optimizer(n, threads, batches.sequences, batches.length);
    for (uint64_t step = 0; step < steps; step++) {
        const Batch batch = batches.next();
        const double loss = optimizer.accumulate(state.values.data(), batch, batches.scale(), {}) * double(batches.scale());
        ASSERT_NEAR(loss, model.at("losses").at(step).get<double>(), 1e-4) << "step " << step;
        const double length = optimizer.reduce();
        if (step == 0) expect_gradient(n, optimizer.gradient(), model.at("gradient"));
        options.rate = learning_rate(schedule, step);
        optimizer.step(state, options, length);
    }
}

std::string name_of(const ::testing::TestParamInfo<Json>& p) { return p.param.at("name"); }
INSTANTIATE_TEST_SUITE_P(models, PyTorchParity, ::testing::ValuesIn(parity().at("models").begin(), parity().at("models").end()), name_of);

TEST(optimizer, gives_the_same_bits_every_time_and_dropout_has_the_gradient_of_its_own_zeros) {
    ModelShape shape;
    shape.layers = 2, shape.dim = 16, shape.heads = 2, shape.context = 9, shape.vocab = 7;
    const Weights weights = initial_weights(shape, 1);
    const Network n = network_of(weights);
    std::vector<float> values = flat_values(n, weights);
    for (float& v : values) v *= 5;  // so that every part matters
    const Dropout dropout{0.3f, 77};
    Threads threads(2);
    Optimizer optimizer(n, threads, 4, 9), again(n, threads, 4, 9);
    ParityBatches batches{4, 9, 7};
    const Batch batch = batches.next();
    const double loss = optimizer.accumulate(values.data(), batch, 1, dropout);
    EXPECT_EQ(loss, again.accumulate(values.data(), batch, 1, dropout));
    EXPECT_EQ(optimizer.reduce(), again.reduce());
    EXPECT_NE(loss, optimizer.loss(values.data(), batch));

    // Along the gradient g the loss grows by h |g|^2; float losses of about 70 carry 1e-5.
    double squares = 0;
    std::vector<float> moved[2] = {values, values};
    const float h = 1e-4f;
    for (size_t i = 0; i < n.count; i++) {
        const float g = optimizer.gradient()[i];
        squares += double(g) * double(g);
        moved[0][i] += h * g / 10;
        moved[1][i] -= h * g / 10;
    }
    const double above = again.accumulate(moved[0].data(), batch, 1, dropout), below = again.accumulate(moved[1].data(), batch, 1, dropout);
    EXPECT_NEAR((above - below) / (2 * double(h) / 10) / squares, 1.0, 0.02);
}

TEST(schedule, warms_up_then_follows_a_cosine_to_the_least) {
    const Schedule s{1.0f, 0.1f, 9, 109};
    EXPECT_FLOAT_EQ(learning_rate(s, 0), 0.1f);
    EXPECT_FLOAT_EQ(learning_rate(s, 4), 0.5f);
    EXPECT_FLOAT_EQ(learning_rate(s, 9), 1.0f);
    EXPECT_FLOAT_EQ(learning_rate(s, 59), 0.55f);
    EXPECT_NEAR(learning_rate(s, 108), 0.1f, 1e-3f);
    EXPECT_FLOAT_EQ(learning_rate(s, 109), 0.1f);
    EXPECT_FLOAT_EQ(learning_rate(s, 1000000), 0.1f);
}

}  // namespace
}  // namespace mote::tools
