// vector: norms, rotations, activations and sums against double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/arithmetic.h"
#include "kernels/kernels.h"
#include "support/random.h"

namespace mote {
namespace {

using testing::Random;

constexpr float eps = 1e-5f;

TEST(rms_norm, follows_its_formula_for_every_width) {
    Random random(1);
    for (uint32_t n = 1; n <= 200; n++) {
        const std::vector<float> x = random.floats(n, 3), w = random.floats(n, 2);
        std::vector<float> y(n);
        kernels().rms_norm(x.data(), w.data(), n, eps, y.data());
        double squares = 0;
        for (const float v : x) squares += double(v) * double(v);
        const double r = 1 / std::sqrt(squares / n + double(eps));
        // The sum of squares is off by at most n 2^-24, its root by half of that; six more roundings.
        for (uint32_t i = 0; i < n; i++) ASSERT_NEAR(double(y[i]), double(x[i]) * r * double(w[i]), std::fabs(double(x[i]) * r * double(w[i])) * (n / 2 + 8) * 0x1p-24) << n;
    }
}

TEST(layer_norm, follows_its_formula_with_and_without_bias) {
    Random random(2);
    for (uint32_t n = 2; n <= 200; n++) {
        const std::vector<float> x = random.floats(n, 3), w = random.floats(n, 2), b = random.floats(n, 1);
        double mean = 0, squares = 0;
        for (const float v : x) mean += double(v) / n;
        for (const float v : x) squares += (double(v) - mean) * (double(v) - mean);
        const double r = 1 / std::sqrt(squares / n + double(eps));
        for (const float* bias : {static_cast<const float*>(nullptr), b.data()}) {
            std::vector<float> y(n);
            kernels().layer_norm(x.data(), w.data(), bias, n, eps, y.data());
            for (uint32_t i = 0; i < n; i++) {
                const double expected = (double(x[i]) - mean) * r * double(w[i]) + (bias ? double(bias[i]) : 0);
                // x - mean cancels: the error is that of the mean, n 2^-24 of numbers up to 3, magnified by r.
                ASSERT_NEAR(double(y[i]), expected, (n + 16) * 0x1p-24 * (3 * r + 2) * 2) << n;
            }
        }
    }
}

TEST(norms, may_write_over_their_input) {
    Random random(3);
    const std::vector<float> x = random.floats(37), w = random.floats(37), b = random.floats(37);
    std::vector<float> y(37), in_place = x;
    kernels().rms_norm(x.data(), w.data(), 37, eps, y.data());
    kernels().rms_norm(in_place.data(), w.data(), 37, eps, in_place.data());
    EXPECT_EQ(in_place, y);
    in_place = x;
    kernels().layer_norm(x.data(), w.data(), b.data(), 37, eps, y.data());
    kernels().layer_norm(in_place.data(), w.data(), b.data(), 37, eps, in_place.data());
    EXPECT_EQ(in_place, y);
}

TEST(norms, pass_nan_on) {
    std::vector<float> x(8, 1), w(8, 1), y(8);
    x[3] = std::numeric_limits<float>::quiet_NaN();
    kernels().rms_norm(x.data(), w.data(), 8, eps, y.data());
    for (const float v : y) EXPECT_TRUE(std::isnan(v));
    kernels().layer_norm(x.data(), w.data(), nullptr, 8, eps, y.data());
    for (const float v : y) EXPECT_TRUE(std::isnan(v));
}

TEST(rope, rotates_neighbours_or_halves_and_leaves_the_rest) {
    Random random(4);
    for (const RopePairing pairing : {RopePairing::interleaved, RopePairing::halves})
        for (uint32_t pairs = 1; pairs <= 33; pairs++) {
            const uint32_t n = 2 * pairs + 3;
            const std::vector<float> x = random.floats(n);
            std::vector<float> table, y = x;
            for (uint32_t i = 0; i < pairs; i++) {
                const float angle = random.uniform() * 3;
                table.push_back(std::cos(angle));
                table.push_back(std::sin(angle));
            }
            kernels().rope(pairing, y.data(), table.data(), pairs);
            for (uint32_t i = 0; i < pairs; i++) {
                const uint32_t a = pairing == RopePairing::interleaved ? 2 * i : i;
                const uint32_t b = pairing == RopePairing::interleaved ? 2 * i + 1 : i + pairs;
                const double c = double(table[2 * i]), s = double(table[2 * i + 1]);
                ASSERT_NEAR(double(y[a]), double(x[a]) * c - double(x[b]) * s, 4 * 0x1p-24);
                ASSERT_NEAR(double(y[b]), double(x[a]) * s + double(x[b]) * c, 4 * 0x1p-24);
            }
            for (uint32_t i = 2 * pairs; i < n; i++) ASSERT_EQ(y[i], x[i]);
        }
}

TEST(activate, applies_the_function_that_is_named) {
    const std::vector<float> x = {-5, -1, -0.5f, -0.0f, 0, 0.5f, 1, 5};
    const struct {
        Activation activation;
        float (*function)(float);
    } rows[] = {{Activation::silu, silu}, {Activation::gelu_tanh, gelu_tanh}, {Activation::gelu_erf, gelu_erf},
                {Activation::relu, [](float v) { return v < 0 ? 0.0f : v; }}};
    for (const auto& row : rows) {
        std::vector<float> y = x, gated = x, up = {1, 2, 3, 4, 5, 6, 7, 8};
        kernels().activate(row.activation, y.data(), 8);
        kernels().gate(row.activation, gated.data(), up.data(), 8);
        for (size_t i = 0; i < 8; i++) {
            EXPECT_EQ(bits_of(y[i]), bits_of(row.function(x[i])));
            EXPECT_EQ(bits_of(gated[i]), bits_of(row.function(x[i]) * up[i]));
        }
    }
}

TEST(activate, passes_nan_on) {
    for (const Activation a : {Activation::silu, Activation::gelu_tanh, Activation::gelu_erf, Activation::relu}) {
        float x = std::numeric_limits<float>::quiet_NaN();
        kernels().activate(a, &x, 1);
        EXPECT_TRUE(std::isnan(x)) << int(a);
    }
}

TEST(add, adds) {
    std::vector<float> y = {1, 2, 3, 4, 5};
    const std::vector<float> x = {10, 20, 30, 40, 50};
    kernels().add(y.data(), x.data(), 4);
    EXPECT_EQ(y, (std::vector<float>{11, 22, 33, 44, 5}));
}

}  // namespace
}  // namespace mote
