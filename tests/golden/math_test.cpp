// math: scalar functions and conversions against values of 120 decimal digits. Bounds are those of arithmetic.h.
#include <gtest/gtest.h>

#include <cmath>

#include "golden/golden_json.h"
#include "kernels/arithmetic.h"

namespace mote {
namespace {

const nlohmann::json& table(const char* name) {
    static const nlohmann::json tables = testing::golden_json("math.json");
    const nlohmann::json& rows = tables.at(name);
    EXPECT_GE(rows.size(), 20u);
    return rows;
}

void check_function(const char* name, float (*f)(float), double relative, double absolute) {
    for (const auto& row : table(name)) {
        const float x = float_of(row[0].get<uint32_t>());
        const double expected = row[1].get<double>();
        EXPECT_LE(std::fabs(double(f(x)) - expected), relative * std::fabs(expected) + absolute) << name << " of " << x;
    }
}

TEST(math, exponential_is_within_5e_7) {
    for (const auto& row : table("exp")) {
        const float x = float_of(row[0].get<uint32_t>());
        const double expected = row[1].get<double>();
        const float actual = exponential(x);
        if (x < -87.0f) {
            EXPECT_EQ(actual, 0.0f) << x;
        } else if (x > 88.72f) {
            EXPECT_GE(double(actual), expected * (1 - 5e-7)) << x;
        } else {
            EXPECT_LE(std::fabs(double(actual) / expected - 1), 5e-7) << x;
        }
    }
}

// Below -87 the exponential is zero: what is lost is below 89 e^-87.
TEST(math, silu_is_within_1e_6) { check_function("silu", silu, 1e-6, 2e-36); }

// In the tail the exponent is off by 2^-22 of itself, up to 87.
TEST(math, gelu_tanh_is_within_3e_5) { check_function("gelu_tanh", gelu_tanh, 3e-5, 1e-36); }

// erf by a formula with an absolute error of 1.5e-7.
TEST(math, gelu_erf_is_within_the_error_of_its_formula) {
    for (const auto& row : table("gelu_erf")) {
        const float x = float_of(row[0].get<uint32_t>());
        const double expected = row[1].get<double>();
        EXPECT_LE(std::fabs(double(gelu_erf(x)) - expected), 1e-6 * std::fabs(expected) + 1e-7 * std::fabs(double(x)) + 0x1p-149) << x;
    }
}

TEST(math, sine_and_cosine_of_turns_are_within_1e_7) {
    for (const auto& row : table("turn")) {
        const CosSin angle = cos_sin(row[0].get<uint32_t>());
        EXPECT_NEAR(double(angle.sine), row[1].get<double>(), 1e-7) << row[0];
        EXPECT_NEAR(double(angle.cosine), row[2].get<double>(), 1e-7) << row[0];
    }
}

TEST(math, square_root_is_exact) {
    for (const auto& row : table("sqrt")) {
        EXPECT_EQ(bits_of(square_root_integer(float_of(row[0].get<uint32_t>()))), row[1].get<uint32_t>());
        EXPECT_EQ(bits_of(square_root(float_of(row[0].get<uint32_t>()))), row[1].get<uint32_t>());
    }
}

TEST(math, conversions_to_and_from_half_are_exact) {
    for (const auto& row : table("f32_to_f16")) {
        const float x = float_of(row[0].get<uint32_t>());
        const uint16_t h = f32_to_f16(x);
        if (std::isnan(x)) {
            EXPECT_TRUE((h & 0x7c00u) == 0x7c00u && (h & 0x3ffu));
        } else {
            EXPECT_EQ(h, row[1].get<uint16_t>()) << x;
        }
    }
    for (const auto& row : table("f16_to_f32")) {
        const float x = f16_to_f32(row[0].get<uint16_t>());
        const uint32_t expected = row[1].get<uint32_t>();
        if (std::isnan(float_of(expected))) {
            EXPECT_TRUE(std::isnan(x));
        } else {
            EXPECT_EQ(bits_of(x), expected);
        }
    }
}

TEST(math, bf16_above_is_exact) {
    for (const auto& row : table("f32_to_bf16_up"))
        if (row[1].get<uint32_t>() < 0x7f80u) {  // its operand is finite, and so is its result
            EXPECT_EQ(bf16_above(float_of(row[0].get<uint32_t>())), row[1].get<uint16_t>());
        }
}

}  // namespace
}  // namespace mote
