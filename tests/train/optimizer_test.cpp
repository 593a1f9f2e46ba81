// optimizer: batches in parts, numbers of threads, and which parameters decay.
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "train/init.h"
#include "train/optimizer.h"

namespace mote::tools {
namespace {

ModelShape small_shape(const char* family) {
    ModelShape shape;
    shape.family = family;
    shape.layers = 2, shape.dim = 16, shape.heads = 2, shape.context = 9, shape.vocab = 13;
    return shape;
}

struct Work {
    explicit Work(const ModelShape& shape) : weights(initial_weights(shape, 1)), network(network_of(weights)), values(flat_values(network, weights)) {
        for (float& v : values) v *= 5;  // so that every part matters
        Random random(2);
        for (size_t i = 0; i < sequences * length; i++) {
            tokens.push_back(uint32_t(random.below(13)));
            targets.push_back(i % 7 == 3 ? no_target : int32_t(random.below(13)));
        }
    }
    Batch batch(size_t first, size_t count) const { return {&tokens[first * length], &targets[first * length], count, length}; }

    const size_t sequences = 6, length = 9;
    Weights weights;
    Network network;
    std::vector<float> values;
    std::vector<uint32_t> tokens{};
    std::vector<int32_t> targets{};
};

struct Sums {
    double loss = 0, length = 0;
    std::vector<float> gradient;
};

// The batch in steps of `part` sequences.
Sums sums_of(const Work& work, size_t part, size_t thread_count) {
    Threads threads(thread_count);
    Optimizer optimizer(work.network, threads, work.sequences, work.length);
    Sums s;
    for (size_t first = 0; first < work.sequences; first += part)
        s.loss += optimizer.accumulate(work.values.data(), work.batch(first, part), 0.02f, {});
    s.length = optimizer.reduce();
    s.gradient.assign(optimizer.gradient(), optimizer.gradient() + work.network.count);
    return s;
}

// The distance of two gradients as a part of their length; each is a float sum of some hundred terms in another order.
void expect_same_sums(const Sums& a, const Sums& b) {
    EXPECT_NEAR(a.loss / b.loss, 1.0, 1e-6);
    EXPECT_NEAR(a.length / b.length, 1.0, 1e-6);
    double squares = 0;
    for (size_t i = 0; i < a.gradient.size(); i++) squares += std::pow(double(a.gradient[i]) - double(b.gradient[i]), 2);
    EXPECT_LE(std::sqrt(squares), 1e-6 * a.length);
}

class Families : public ::testing::TestWithParam<const char*> {};

TEST_P(Families, accumulate_parts_to_the_gradient_of_the_whole_batch) {
    const Work work(small_shape(GetParam()));
    const Sums whole = sums_of(work, 6, 2);
    for (const size_t part : {1u, 2u, 3u}) expect_same_sums(sums_of(work, part, 2), whole);
}

TEST_P(Families, have_the_same_gradient_on_any_number_of_threads) {
    const Work work(small_shape(GetParam()));
    const Sums one = sums_of(work, 6, 1);
    for (const size_t threads : {2u, 3u, 8u}) expect_same_sums(sums_of(work, 6, threads), one);
}

TEST_P(Families, have_the_same_bits_every_time_on_one_number_of_threads) {
    const Work work(small_shape(GetParam()));
    EXPECT_EQ(sums_of(work, 2, 3).gradient, sums_of(work, 2, 3).gradient);
}

TEST_P(Families, learn_nothing_from_a_batch_without_targets) {
    Work work(small_shape(GetParam()));
    std::fill(work.targets.begin(), work.targets.end(), no_target);
    const Sums s = sums_of(work, 6, 2);
    EXPECT_EQ(s.loss, 0);
    EXPECT_EQ(s.length, 0);
}

// With a gradient of zero a step is decay alone.
TEST_P(Families, decay_matrices_and_nothing_else) {
    for (const bool tied : {true, false}) {
        ModelShape shape = small_shape(GetParam());
        shape.tied = tied;
        const Work work(shape);
        Threads threads(2);
        Optimizer optimizer(work.network, threads, 1, 9);
        TrainState state;
        state.values = work.values;
        state.first_moment.resize(work.network.count);
        state.second_moment.resize(work.network.count);
        StepOptions options;
        options.adam.weight_decay = 0.5f;
        options.rate = 0.25f;
        optimizer.step(state, options, optimizer.reduce());
        for (const Parameter& p : work.network.parameters)
            for (size_t i = p.offset; i < p.offset + p.count(); i++)
                ASSERT_EQ(state.values[i], p.rows > 1 ? work.values[i] * 0.875f : work.values[i]) << role_name(p.key.first);
    }
}

INSTANTIATE_TEST_SUITE_P(of_models, Families, ::testing::Values("gpt2", "llama"));

}  // namespace
}  // namespace mote::tools
