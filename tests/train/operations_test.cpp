// operations: each forward against plain double precision, each backward against numeric derivatives of that.
#include "train/numeric.h"

#include "train/activation.h"
#include "train/attention.h"
#include "train/dropout.h"
#include "train/embedding.h"
#include "train/head.h"
#include "train/head_norm.h"
#include "train/linear.h"
#include "train/norm.h"
#include "train/rope.h"
#include "train/vector.h"

namespace mote::tools {
namespace {

using namespace mote::testing;

TEST(vector_exp, is_the_exponential_within_3e_7) {
    for (float x = -86.9f; x < 87; x += 0.0137f) ASSERT_NEAR(double(vector_exp(x)) / std::exp(double(x)), 1.0, 3e-7) << x;
    EXPECT_EQ(vector_exp(0), 1.0f);
    EXPECT_TRUE(std::isnan(vector_exp(std::nanf(""))));
}

class NormGradient : public ::testing::TestWithParam<Norm> {};

TEST_P(NormGradient, is_the_derivative) {
    const bool layer = GetParam() == Norm::layer;
    const size_t rows = 3, dim = 19;
    Random random(1);
    const Doubles x = random_doubles(random, rows * dim), w = random_doubles(random, dim), bias = random_doubles(random, dim);
    const Doubles dy = random_doubles(random, rows * dim), dx0 = random_doubles(random, rows * dim);
    const auto forward = [&](const Doubles& xs, const Doubles& ws, const Doubles& bs) { return plain_norm(xs, ws, layer ? &bs : nullptr, 1e-5); };

    Floats y(rows * dim), dx = floats_of(dx0), dw(dim), dbias(dim);
    const Floats xf = floats_of(x), wf = floats_of(w), bf = floats_of(bias), dyf = floats_of(dy);
    if (layer) {
        layer_norm_forward(y.data(), xf.data(), wf.data(), bf.data(), 1e-5f, rows, dim);
        layer_norm_backward(dx.data(), dw.data(), dbias.data(), dyf.data(), xf.data(), wf.data(), 1e-5f, rows, dim);
        expect_close(dbias, numeric_gradient([&](const Doubles& b) { return sum_of_products(dy, forward(x, w, b)); }, bias), "dbias");
    } else {
        rms_norm_forward(y.data(), xf.data(), wf.data(), 1e-5f, rows, dim);
        rms_norm_backward(dx.data(), dw.data(), dyf.data(), xf.data(), wf.data(), 1e-5f, rows, dim);
    }
    expect_close(y, forward(x, w, bias), "y");
    Doubles expected = numeric_gradient([&](const Doubles& xs) { return sum_of_products(dy, forward(xs, w, bias)); }, x);
    for (size_t i = 0; i < expected.size(); i++) expected[i] += dx0[i];  // dx is added to
    expect_close(dx, expected, "dx");
    expect_close(dw, numeric_gradient([&](const Doubles& ws) { return sum_of_products(dy, forward(x, ws, bias)); }, w), "dw");
}
INSTANTIATE_TEST_SUITE_P(kinds, NormGradient, ::testing::Values(Norm::rms, Norm::layer));

TEST(head_norm, has_the_derivative_in_every_head_and_leaves_the_rest) {
    const HeadRows heads{3, 5, 19};  // three heads of five, and four more elements a row
    const size_t rows = 2;
    Random random(6);
    const Doubles x = random_doubles(random, rows * heads.stride), w = random_doubles(random, heads.head_dim);
    const Doubles dy = random_doubles(random, x.size());
    const auto forward = [&](const Doubles& xs, const Doubles& ws) {
        Doubles y(xs.size());
        for (size_t r = 0; r < rows; r++)
            for (size_t h = 0; h < heads.heads; h++) {
                const auto begin = xs.begin() + std::ptrdiff_t(r * heads.stride + h * heads.head_dim);
                const Doubles head = plain_norm(Doubles(begin, begin + std::ptrdiff_t(heads.head_dim)), ws, nullptr, 1e-5);
                std::copy(head.begin(), head.end(), y.begin() + std::ptrdiff_t(r * heads.stride + h * heads.head_dim));
            }
        return y;
    };
    const Floats xf = floats_of(x), wf = floats_of(w);
    Floats y(x.size()), dx = floats_of(dy), dw(w.size());
    head_norm_forward(y.data(), xf.data(), wf.data(), 1e-5f, rows, heads);
    head_norm_backward(dx.data(), dw.data(), xf.data(), wf.data(), 1e-5f, rows, heads);
    expect_close(y, forward(x, w), "y");
    Doubles expected = numeric_gradient([&](const Doubles& xs) { return sum_of_products(dy, forward(xs, w)); }, x);
    for (size_t i = 0; i < x.size(); i++)
        if (i % heads.stride >= heads.heads * heads.head_dim) expected[i] = dy[i];  // behind the heads
    expect_close(dx, expected, "dx");
    expect_close(dw, numeric_gradient([&](const Doubles& ws) { return sum_of_products(dy, forward(x, ws)); }, w), "dw");
}

TEST(layer_norm, without_bias_is_that_with_zeros) {
    const size_t rows = 3, dim = 19;
    Random random(5);
    const Floats x = random.floats(rows * dim), w = random.floats(dim), dy = random.floats(rows * dim), zeros(dim);
    Floats with(rows * dim), without(rows * dim), dx_with(rows * dim), dx_without(rows * dim), dw_with(dim), dw_without(dim), dbias(dim);
    layer_norm_forward(with.data(), x.data(), w.data(), zeros.data(), 1e-5f, rows, dim);
    layer_norm_forward(without.data(), x.data(), w.data(), nullptr, 1e-5f, rows, dim);
    layer_norm_backward(dx_with.data(), dw_with.data(), dbias.data(), dy.data(), x.data(), w.data(), 1e-5f, rows, dim);
    layer_norm_backward(dx_without.data(), dw_without.data(), nullptr, dy.data(), x.data(), w.data(), 1e-5f, rows, dim);
    EXPECT_EQ(with, without);
    EXPECT_EQ(dx_with, dx_without);
    EXPECT_EQ(dw_with, dw_without);
}

TEST(linear, adds_bias_and_residual_and_its_gradients_are_the_derivatives) {
    const LinearShape s{5, 7, 6};
    Random random(2);
    const Doubles x = random_doubles(random, s.rows * s.in), w = random_doubles(random, s.out * s.in), bias = random_doubles(random, s.out);
    const Doubles residual = random_doubles(random, s.rows * s.out), dy = random_doubles(random, s.rows * s.out);
    const Floats xf = floats_of(x), wf = floats_of(w), bf = floats_of(bias), rf = floats_of(residual), dyf = floats_of(dy);
    for (const bool with_bias : {false, true})
        for (const bool with_residual : {false, true}) {
            Doubles expected = plain_linear(x, w, s.in);
            for (size_t i = 0; i < expected.size(); i++)
                expected[i] += (with_bias ? bias[i % s.out] : 0) + (with_residual ? residual[i] : 0);
            Floats y(s.rows * s.out);
            linear_forward(y.data(), xf.data(), wf.data(), with_bias ? bf.data() : nullptr, with_residual ? rf.data() : nullptr, s);
            expect_close(y, expected, "y");
        }
    Floats dx(x.size()), dw(w.size()), dbias(s.out);
    linear_backward_weights(dw.data(), dbias.data(), dyf.data(), xf.data(), s);
    linear_backward_input(dx.data(), dyf.data(), wf.data(), s);
    expect_close(dx, numeric_gradient([&](const Doubles& v) { return sum_of_products(dy, plain_linear(v, w, s.in)); }, x), "dx");
    expect_close(dw, numeric_gradient([&](const Doubles& v) { return sum_of_products(dy, plain_linear(x, v, s.in)); }, w), "dw");
    Doubles column_sums(s.out);
    for (size_t i = 0; i < dy.size(); i++) column_sums[i % s.out] += dy[i];
    expect_close(dbias, column_sums, "dbias");
}

class RopeGradient : public ::testing::TestWithParam<RopePairing> {};

TEST_P(RopeGradient, is_the_turn_back_and_leaves_the_rest_of_the_head) {
    const size_t tokens = 5, pairs = 3, head_dim = 8, heads = 2;
    const std::vector<uint32_t> frequencies = {683565276u, 31728416u, 1472692u};  // 1, 0.0464 and 0.00215 radians
    const RopeTable table = rope_table(frequencies, GetParam(), tokens);
    Random random(3);
    const Doubles x = random_doubles(random, tokens * heads * head_dim), dy = random_doubles(random, tokens * heads * head_dim);
    const auto forward = [&](const Doubles& in) {
        Doubles y = in;
        for (size_t t = 0; t < tokens; t++)
            for (size_t h = 0; h < heads; h++)
                for (size_t i = 0; i < pairs; i++) {
                    const bool halves = GetParam() == RopePairing::halves;
                    const size_t at = (t * heads + h) * head_dim, a = at + (halves ? i : 2 * i), b = at + (halves ? i + pairs : 2 * i + 1);
                    const double angle = double(t) * double(frequencies[i]) / 4294967296.0 * 2 * M_PI;
                    y[a] = in[a] * std::cos(angle) - in[b] * std::sin(angle);
                    y[b] = in[a] * std::sin(angle) + in[b] * std::cos(angle);
                }
        return y;
    };
    Floats y = floats_of(x), dx = floats_of(dy);
    rope_forward(y.data(), table, tokens, {heads, head_dim, heads * head_dim});
    rope_backward(dx.data(), table, tokens, {heads, head_dim, heads * head_dim});
    expect_close(y, forward(x), "y");
    expect_close(dx, numeric_gradient([&](const Doubles& v) { return sum_of_products(dy, forward(v)); }, x), "dx");
}
INSTANTIATE_TEST_SUITE_P(pairings, RopeGradient, ::testing::Values(RopePairing::halves, RopePairing::interleaved));

class AttentionGradient : public ::testing::TestWithParam<AttentionShape> {};

TEST_P(AttentionGradient, is_the_derivative) {
    const AttentionShape s = GetParam();
    Random random(4);
    const Doubles qkv = random_doubles(random, s.tokens * s.stride()), dy = random_doubles(random, s.tokens * s.q_dim());
    const auto forward = [&](const Doubles& v) { return plain_attention(v, s.tokens, s.heads, s.kv_heads, s.head_dim, double(s.scale)); };
    const Floats in = floats_of(qkv), dout = floats_of(dy);
    Floats y(s.tokens * s.q_dim()), lse(s.heads * s.tokens), scratch(attention_scratch(s)), dqkv(in.size(), 7.0f);
    attention_forward(y.data(), lse.data(), in.data(), scratch.data(), s);
    attention_backward(dqkv.data(), dout.data(), y.data(), lse.data(), in.data(), scratch.data(), s);
    expect_close(y, forward(qkv), "y");
    if (s.tokens > 16) return;  // the derivative below is quadratic in the tokens, twice
    expect_close(dqkv, numeric_gradient([&](const Doubles& v) { return sum_of_products(dy, forward(v)); }, qkv), "dqkv");
}
INSTANTIATE_TEST_SUITE_P(shapes, AttentionGradient,
                         ::testing::Values(AttentionShape{7, 2, 2, 4, 0.5f}, AttentionShape{6, 4, 2, 3, 0.7f}, AttentionShape{5, 4, 1, 2, 2.0f},
                                           AttentionShape{1, 1, 1, 5, 1.0f}, AttentionShape{130, 2, 1, 4, 0.5f}));

TEST(attention_gradient, across_blocks_is_that_of_a_longer_difference) {
    const AttentionShape s{70, 2, 1, 3, 0.6f};  // two blocks of queries
    Random random(5);
    const Doubles qkv = random_doubles(random, s.tokens * s.stride()), dy = random_doubles(random, s.tokens * s.q_dim());
    const Doubles direction = random_doubles(random, qkv.size());
    const auto along = [&](double h) {
        Doubles moved = qkv;
        for (size_t i = 0; i < moved.size(); i++) moved[i] += h * direction[i];
        return sum_of_products(dy, plain_attention(moved, s.tokens, s.heads, s.kv_heads, s.head_dim, double(s.scale)));
    };
    const Floats in = floats_of(qkv), dout = floats_of(dy);
    Floats y(s.tokens * s.q_dim()), lse(s.heads * s.tokens), scratch(attention_scratch(s)), dqkv(in.size());
    attention_forward(y.data(), lse.data(), in.data(), scratch.data(), s);
    attention_backward(dqkv.data(), dout.data(), y.data(), lse.data(), in.data(), scratch.data(), s);
    EXPECT_NEAR(sum_of_products(Doubles(dqkv.begin(), dqkv.end()), direction), (along(1e-5) - along(-1e-5)) / 2e-5, 1e-5);
}

class ActivationGradient : public ::testing::TestWithParam<Activation> {};

TEST_P(ActivationGradient, dense_is_the_derivative) {
    Random random(6);
    Doubles u = random_doubles(random, 34), dy = random_doubles(random, 34);
    for (double& v : u) v *= 6;
    const auto forward = [&](const Doubles& v) {
        Doubles y;
        for (const double e : v) y.push_back(plain_activation(e, GetParam()));
        return y;
    };
    const Floats in = floats_of(u);
    Floats y(34), du = floats_of(dy), again(34);
    activation_forward(y.data(), in.data(), GetParam(), 2, 17);
    activation_backward(du.data(), again.data(), in.data(), GetParam(), 2, 17);
    expect_close(y, forward(u), "y");
    EXPECT_EQ(y, again);
    expect_close(du, numeric_gradient([&](const Doubles& v) { return sum_of_products(dy, forward(v)); }, u), "du");
}

TEST_P(ActivationGradient, gated_is_the_derivative) {
    const size_t rows = 2, hidden = 17;
    Random random(7);
    Doubles gate_up = random_doubles(random, rows * 2 * hidden), dy = random_doubles(random, rows * hidden);
    for (double& v : gate_up) v *= 4;
    const auto forward = [&](const Doubles& v) {
        Doubles y;
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < hidden; i++) y.push_back(plain_activation(v[2 * r * hidden + i], GetParam()) * v[(2 * r + 1) * hidden + i]);
        return y;
    };
    const Floats in = floats_of(gate_up);
    Floats y(rows * hidden), again = floats_of(dy), dgate_up(in.size());
    gated_forward(y.data(), in.data(), GetParam(), rows, hidden);
    gated_backward(dgate_up.data(), again.data(), in.data(), GetParam(), rows, hidden);
    expect_close(y, forward(gate_up), "y");
    EXPECT_EQ(y, again);
    expect_close(dgate_up, numeric_gradient([&](const Doubles& v) { return sum_of_products(dy, forward(v)); }, gate_up), "dgate_up");
}
INSTANTIATE_TEST_SUITE_P(kinds, ActivationGradient,
                         ::testing::Values(Activation::silu, Activation::gelu_tanh, Activation::gelu_erf, Activation::relu));

TEST(embedding, adds_positions_and_its_gradient_gathers_repeated_tokens) {
    const std::vector<uint32_t> tokens = {2, 0, 2, 1};  // two sequences of two
    const Floats w = {1, 2, 3, 4, 5, 6}, positions = {10, 20, 30, 40};
    Floats x(8);
    embedding_forward(x.data(), tokens.data(), w.data(), positions.data(), 4, 2, 2);
    EXPECT_EQ(x, (Floats{15, 26, 31, 42, 15, 26, 33, 44}));
    Floats dw(6, 100), dpositions(4);
    const Floats dx = {1, 2, 3, 4, 5, 6, 7, 8};
    embedding_backward(dw.data(), dpositions.data(), dx.data(), tokens.data(), 4, 2, 2);
    EXPECT_EQ(dw, (Floats{103, 104, 107, 108, 106, 108}));
    EXPECT_EQ(dpositions, (Floats{6, 8, 10, 12}));
}

TEST(head, loss_and_gradients_are_those_of_cross_entropy_over_rows_with_a_target) {
    const HeadShape s{70, 5, 9};
    Random random(8);
    const Doubles x = random_doubles(random, s.rows * s.dim), w = random_doubles(random, s.vocab * s.dim);
    std::vector<int32_t> targets(s.rows);
    for (int32_t& t : targets) t = random.between(-1, int32_t(s.vocab) - 1);
    targets[3] = no_target;
    const auto loss = [&](const Doubles& xs, const Doubles& ws) { return plain_cross_entropy(plain_linear(xs, ws, s.dim), targets); };
    const Floats xf = floats_of(x), wf = floats_of(w);
    Floats dx(x.size()), dw(w.size()), scratch(head_scratch(s.vocab));
    const double expected = loss(x, w);
    EXPECT_NEAR(head_loss(xf.data(), wf.data(), targets.data(), scratch.data(), s), expected, 1e-4);
    EXPECT_NEAR(head_loss_and_gradient(dx.data(), dw.data(), xf.data(), wf.data(), targets.data(), 0.25f, scratch.data(), s), expected, 1e-4);
    expect_close(dx, numeric_gradient([&](const Doubles& v) { return 0.25 * loss(v, w); }, x), "dx");
    expect_close(dw, numeric_gradient([&](const Doubles& v) { return 0.25 * loss(x, v); }, w), "dw");
}

TEST(dropout, drops_that_part_and_keeps_the_mean_and_repeats_by_seed) {
    Floats x(100000, 1.0f), again = x, other = x;
    dropout(x.data(), 0.2f, 5, x.size());
    dropout(again.data(), 0.2f, 5, again.size());
    dropout(other.data(), 0.2f, 6, other.size());
    EXPECT_EQ(x, again);
    EXPECT_NE(x, other);
    double zeros = 0, sum = 0;
    for (const float v : x) zeros += v == 0, sum += double(v);
    EXPECT_NEAR(zeros / 1e5, 0.2, 0.006);  // 5 deviations of sqrt(0.16 / 1e5)
    EXPECT_NEAR(sum / 1e5, 1.0, 0.008);
}

}  // namespace
}  // namespace mote::tools
