// quantize: what quantize_row promises of every vector.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/arithmetic.h"
#include "kernels/kernels.h"
#include "support/random.h"

namespace mote {
namespace {

using testing::Random;

struct Quantized {
    uint32_t stride;
    std::vector<int8_t> values;
    float scale = -1;
    std::vector<uint8_t> exponents;

    double value(uint32_t i) const {
        return double(values[i]) * double(scale) * (exponents.empty() ? 1 : std::exp2(exponents[i / 32]));
    }
    double unit(uint32_t i) const { return double(scale) * (exponents.empty() ? 1 : std::exp2(exponents[i / 32])); }
};

Quantized quantize(const std::vector<float>& x, ActivationScale scale) {
    Quantized q;
    q.stride = (uint32_t(x.size()) + 31) / 32 * 32;
    q.values.assign(q.stride, 99);
    if (scale == ActivationScale::group) q.exponents.assign(q.stride / 32, 99);
    const QuantizedTile tile{q.values.data(), &q.scale, scale == ActivationScale::group ? q.exponents.data() : nullptr, q.stride};
    kernels().quantize_row(x.data(), uint32_t(x.size()), tile, 0);
    return q;
}

float largest(const std::vector<float>& x, size_t begin = 0, size_t end = SIZE_MAX) {
    float m = 0;
    for (size_t i = begin; i < x.size() && i < end; i++) m = std::max(m, std::fabs(x[i]));
    return m;
}

class QuantizeRow : public ::testing::TestWithParam<ActivationScale> {};

TEST_P(QuantizeRow, is_nearest_within_half_a_unit) {
    Random random(3);
    for (uint32_t n = 1; n <= 100; n++)
        for (const float magnitude : {1.0f, 1e-20f, 1e30f, 3.3e38f}) {
            std::vector<float> x = random.floats(n, magnitude);
            for (size_t i = 0; i < n; i += 40) x[i] *= 1e-3f;  // groups of unequal size
            const Quantized q = quantize(x, GetParam());
            for (uint32_t i = 0; i < n; i++) {
                ASSERT_LE(std::abs(int(q.values[i])), 127);
                // Half a unit; three roundings on the way (127 / largest, the product, the scale) of 127 * 2^-24 units each.
                ASSERT_LE(std::fabs(q.value(i) - double(x[i])), q.unit(i) * (0.5 + 4 * 127 * 0x1p-24)) << n << " " << i;
            }
            for (uint32_t i = n; i < q.stride; i++) ASSERT_EQ(q.values[i], 0);
        }
}

TEST_P(QuantizeRow, gives_the_largest_element_127) {
    Random random(4);
    for (int round = 0; round < 200; round++) {
        std::vector<float> x = random.floats(50);
        const size_t at = size_t(random.below(50));
        x[at] = round % 2 ? -1.5f : 1.5f;
        EXPECT_EQ(quantize(x, GetParam()).values[at], round % 2 ? -127 : 127);
    }
}

TEST_P(QuantizeRow, reports_a_non_finite_element_as_a_nan_scale_and_zeros) {
    for (const float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
        for (const size_t at : {0u, 31u, 32u, 44u}) {
            std::vector<float> x(45, 1.0f);
            x[at] = bad;
            const Quantized q = quantize(x, GetParam());
            EXPECT_TRUE(std::isnan(q.scale));
            for (const int8_t v : q.values) EXPECT_EQ(v, 0);
            for (const uint8_t e : q.exponents) EXPECT_EQ(e, 0);
        }
}

TEST_P(QuantizeRow, makes_zeros_of_zeros_and_of_what_is_below_2_to_minus_90) {
    for (const float tiny : {0.0f, -0.0f, 1e-40f, 0x1p-91f}) {
        const Quantized q = quantize(std::vector<float>(40, tiny), GetParam());
        EXPECT_EQ(q.scale, 0.0f);
        for (const int8_t v : q.values) EXPECT_EQ(v, 0);
    }
    EXPECT_GT(quantize({0x1p-90f}, GetParam()).scale, 0.0f);
}

TEST_P(QuantizeRow, never_makes_a_denormal_scale) {
    for (float m = 0x1p-92f; m < 1e38f; m *= 2) {
        const float scale = quantize({m}, GetParam()).scale;
        EXPECT_TRUE(scale == 0 || scale >= std::numeric_limits<float>::min()) << m;
    }
}

INSTANTIATE_TEST_SUITE_P(quantize_row, QuantizeRow, ::testing::Values(ActivationScale::vector, ActivationScale::group),
                         [](const auto& p) { return p.param == ActivationScale::vector ? "scale_a_vector" : "scale_a_group"; });

TEST(quantize_row, rounds_ties_to_even) {
    // scale 1: the elements are their own quotients.
    const Quantized q = quantize({127, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 126.5f}, ActivationScale::vector);
    EXPECT_EQ(q.scale, 1.0f);
    EXPECT_EQ(q.values[1], 0);
    EXPECT_EQ(q.values[2], 2);
    EXPECT_EQ(q.values[3], 2);
    EXPECT_EQ(q.values[4], 0);
    EXPECT_EQ(q.values[5], -2);
    EXPECT_EQ(q.values[6], -2);
    EXPECT_EQ(q.values[7], 126);
}

TEST(quantize_row, takes_for_each_group_the_smallest_exponent_that_fits) {
    Random random(5);
    for (int round = 0; round < 300; round++) {
        std::vector<float> x = random.floats(128);
        for (size_t g = 0; g < 4; g++) {
            const float factor = std::exp2(-float(random.below(20)));
            for (size_t i = g * 32; i < g * 32 + 32; i++) x[i] *= factor;
        }
        const Quantized q = quantize(x, ActivationScale::group);
        const float top = largest(x);
        for (size_t g = 0; g < 4; g++) {
            const float own = largest(x, g * 32, g * 32 + 32);
            int expected = 15;  // an exponent e reaches top * 2^(e - 15)
            while (expected > 0 && std::ldexp(top, expected - 1 - 15) >= own) expected--;
            ASSERT_EQ(int(q.exponents[g]), expected) << top << " " << own;
        }
    }
}

TEST(quantize_row, writes_the_row_of_its_token_only) {
    std::vector<int8_t> values(96, 99);
    float scales[3] = {-1, -1, -1};
    const QuantizedTile tile{values.data(), scales, nullptr, 32};
    const std::vector<float> x(20, 1.0f);
    kernels().quantize_row(x.data(), 20, tile, 1);
    EXPECT_EQ(values[31], 99);
    EXPECT_EQ(values[32], 127);
    EXPECT_EQ(values[52], 0);
    EXPECT_EQ(values[63], 0);
    EXPECT_EQ(values[64], 99);
    EXPECT_EQ(scales[0], -1);
    EXPECT_EQ(scales[1], 1.0f / 127);
    EXPECT_EQ(scales[2], -1);
}

}  // namespace
}  // namespace mote
