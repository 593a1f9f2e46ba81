// arithmetic: the scalar functions against the machine's own square root and against double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/arithmetic.h"
#include "kernels_board/float_results.h"
#include "support/random.h"

namespace mote {
namespace {

using testing::Random;

constexpr float infinity = std::numeric_limits<float>::infinity();
const float not_a_number = std::numeric_limits<float>::quiet_NaN();

// A float for every 2^32 / count-th pattern, and a good spread of mantissas.
template <class F>
void for_many_floats(uint32_t stride, F&& f) {
    for (uint64_t bits = 0; bits < 1ull << 32; bits += stride) f(float_of(uint32_t(bits)));
}

// What boards are held to is what this machine's FPU does.
TEST(multiplication_and_division, give_the_bits_that_boards_are_held_to) {
    EXPECT_EQ(board_test::FloatResults().digest(), board_test::expected_float_results);
}

// ---- square root: sqrtss rounds correctly by definition of the instruction set.

TEST(square_root, is_correctly_rounded_for_every_mantissa_and_parity_of_exponent) {
    for (uint32_t bits = bits_of(1.0f); bits < bits_of(4.0f); bits++)
        if (bits_of(square_root_integer(float_of(bits))) != bits_of(std::sqrt(float_of(bits)))) FAIL() << std::hex << bits;
}

TEST(square_root, is_correctly_rounded_for_denormals) {
    for (uint32_t bits = 1; bits < 0x00800000; bits += bits < 70000 ? 1 : 7)
        if (bits_of(square_root_integer(float_of(bits))) != bits_of(std::sqrt(float_of(bits)))) FAIL() << std::hex << bits;
}

TEST(square_root, is_correctly_rounded_at_every_exponent) {
    for (uint32_t bits = 0; bits < infinity_bits; bits += 1009)
        if (bits_of(square_root_integer(float_of(bits))) != bits_of(std::sqrt(float_of(bits)))) FAIL() << std::hex << bits;
}

TEST(square_root, keeps_zero_infinity_and_nan_and_makes_negatives_zero) {
    for (float (*root)(float) : {square_root_integer, +[](float x) { return square_root(x); }}) {
        EXPECT_EQ(bits_of(root(0.0f)), 0u);
        EXPECT_EQ(root(infinity), infinity);
        EXPECT_TRUE(std::isnan(root(not_a_number)));
        EXPECT_EQ(root(-1.0f), 0.0f);
        EXPECT_EQ(root(-infinity), 0.0f);
        EXPECT_EQ(root(-1e-45f), 0.0f);
        EXPECT_EQ(root(-0.0f), 0.0f);
    }
}

TEST(square_root, of_the_instruction_is_that_of_integers) {
    for_many_floats(65537, [](float x) {
        if (std::isnan(x)) return;
        ASSERT_EQ(square_root(x), square_root_integer(x)) << x;
    });
}

// ---- half precision: the value of a pattern by its definition in IEEE 754, in double.

double value_of_half(uint32_t h) {
    const double sign = h & 0x8000u ? -1 : 1;
    const int exponent = int(h >> 10 & 31u), fraction = int(h & 1023u);
    if (exponent == 31) return fraction ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
    if (exponent == 0) return sign * std::ldexp(fraction, -24);
    return sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST(half, every_pattern_has_its_value) {
    for (uint32_t h = 0; h < 65536; h++) {
        const double expected = value_of_half(h);
        const float actual = f16_to_f32(uint16_t(h));
        ASSERT_TRUE(std::isnan(expected) ? std::isnan(actual) : double(actual) == expected) << h;
        ASSERT_EQ(std::signbit(actual), (h & 0x8000u) != 0) << h;
    }
}

TEST(half, every_number_survives_the_way_there_and_back) {
    for (uint32_t h = 0; h < 65536; h++)
        if (!std::isnan(value_of_half(h))) {
            ASSERT_EQ(f32_to_f16(f16_to_f32(uint16_t(h))), h);
        }
}

TEST(half, rounds_to_nearest_and_ties_to_even_between_all_neighbours) {
    for (uint32_t h = 0; h < 0x7bffu; h++) {
        const float middle = float((value_of_half(h) + value_of_half(h + 1)) / 2);  // 12 bits: exact
        const uint32_t even = h & 1u ? h + 1 : h;
        ASSERT_EQ(f32_to_f16(middle), even) << h;
        ASSERT_EQ(f32_to_f16(std::nextafter(middle, 0.0f)), h) << h;
        ASSERT_EQ(f32_to_f16(std::nextafter(middle, infinity)), h + 1) << h;
        ASSERT_EQ(f32_to_f16(-middle), even | 0x8000u) << h;
    }
}

TEST(half, becomes_infinite_from_65520_on_and_keeps_nan) {
    EXPECT_EQ(f32_to_f16(65519.996f), 0x7bffu);
    EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00u);
    EXPECT_EQ(f32_to_f16(1e30f), 0x7c00u);
    EXPECT_EQ(f32_to_f16(-infinity), 0xfc00u);
    EXPECT_EQ(f32_to_f16(not_a_number) & 0x7c00u, 0x7c00u);
    EXPECT_NE(f32_to_f16(not_a_number) & 0x03ffu, 0u);
    EXPECT_EQ(f32_to_f16(1e-30f), 0u);
    EXPECT_EQ(f32_to_f16(-0.0f), 0x8000u);
}

TEST(bf16_above, is_the_smallest_that_is_not_below) {
    for (uint32_t bits = 0; bits < 0x7f7f0000u; bits += 997) {
        const float x = float_of(bits);
        const uint16_t b = bf16_above(x);
        ASSERT_GE(bf16_to_f32(b), x);
        ASSERT_TRUE(b == 0 || bf16_to_f32(uint16_t(b - 1)) < x);
    }
    EXPECT_EQ(bf16_above(1.0f), 0x3f80u);
    EXPECT_EQ(bf16_above(0.0f), 0u);
}

// ---- exponentials; the bounds are those that arithmetic.h states.

TEST(exp2_fraction, stays_within_its_bound_and_its_range) {
    for (uint64_t f = 0; f < 1ull << 32; f += 4099) {
        const double expected = std::exp2(double(f) / 4294967296.0) * 2147483648.0, actual = double(exp2_fraction(uint32_t(f)));
        ASSERT_LE(std::fabs(actual / expected - 1), 1e-7) << f;
    }
    EXPECT_EQ(exp2_fraction(0), 0x80000000u);
    EXPECT_GE(exp2_fraction(0xffffffffu), 0xfffffe00u);
}

TEST(exponential, stays_within_its_bound) {
    for_many_floats(10007, [](float x) {
        if (!(x >= -87.0f && x < 88.72f)) return;
        ASSERT_LE(std::fabs(double(exponential(x)) / std::exp(double(x)) - 1), 5e-7) << x;
    });
}

TEST(exponential, has_the_ends_that_it_promises) {
    EXPECT_EQ(exponential(0.0f), 1.0f);
    EXPECT_EQ(exponential(-0.0f), 1.0f);
    EXPECT_EQ(exponential(std::nextafter(-87.0f, -infinity)), 0.0f);
    EXPECT_GT(exponential(-87.0f), std::numeric_limits<float>::min());
    EXPECT_EQ(exponential(-infinity), 0.0f);
    EXPECT_LT(exponential(88.72f), infinity);
    EXPECT_EQ(exponential(88.75f), infinity);
    EXPECT_EQ(exponential(infinity), infinity);
    EXPECT_TRUE(std::isnan(exponential(not_a_number)));
}

TEST(exponential, never_gives_a_denormal) {
    for_many_floats(1511, [](float x) {
        const uint32_t m = magnitude(exponential(x));
        ASSERT_TRUE(m == 0 || m >= 0x00800000u) << x;
    });
}

// ---- activations: exponential's error once, a division and a few products, 2^-24 each.

TEST(sigmoid, follows_its_formula) {
    for (float x = -80; x < 80; x += 0.0137f) {
        const double expected = 1 / (1 + std::exp(-double(x)));
        ASSERT_LE(std::fabs(double(sigmoid(x)) / expected - 1), 1e-6) << x;
    }
    EXPECT_EQ(sigmoid(infinity), 1.0f);
    EXPECT_EQ(sigmoid(-infinity), 0.0f);
    EXPECT_TRUE(std::isnan(sigmoid(not_a_number)));
}

TEST(silu, follows_its_formula) {
    for (float x = -80; x < 80; x += 0.0137f) {
        const double expected = double(x) / (1 + std::exp(-double(x)));
        ASSERT_LE(std::fabs(double(silu(x)) - expected), 1e-6 * std::fabs(expected) + 1e-37) << x;
    }
    EXPECT_EQ(silu(0.0f), 0.0f);
}

TEST(gelu_tanh, follows_its_formula) {
    for (float x = -12; x < 12; x += 0.00137f) {
        const double d = double(x), u = std::sqrt(2 / std::acos(-1.0)) * (d + 0.044715 * d * d * d);
        const double expected = 0.5 * d * (1 + std::tanh(u));
        // The exponent 2 u has an error of 2^-22 u, so far below zero the tail is off by as much, relatively.
        const double tail = d / (1 + std::exp(-2 * u));
        ASSERT_LE(std::fabs(double(gelu_tanh(x)) - expected), 1e-6 * std::fabs(expected) + 1e-6 * std::fabs(u * tail) + 1e-15) << x;
    }
}

TEST(gelu_erf, follows_its_formula_within_the_error_of_the_approximation) {
    for (float x = -12; x < 12; x += 0.00137f) {
        const double d = double(x), expected = 0.5 * d * std::erfc(-d / std::sqrt(2.0));
        ASSERT_LE(std::fabs(double(gelu_erf(x)) - expected), 0.5 * std::fabs(d) * 2e-7 + 1e-6 * std::fabs(expected)) << x;
    }
}

// ---- angles

TEST(cos_sin, stay_within_their_bound) {
    const double turn = 2 * std::acos(-1.0);
    Random random(1);
    for (uint32_t i = 0; i < 2000000; i++) {
        const uint32_t phase = i < 1024 ? i << 22 : i < 2048 ? (i << 22) - 1 : uint32_t(random.next());
        const CosSin angle = cos_sin(phase);
        const double radians = turn * double(phase) / 4294967296.0;
        ASSERT_LE(std::fabs(double(angle.cosine) - std::cos(radians)), 1e-7) << phase;
        ASSERT_LE(std::fabs(double(angle.sine) - std::sin(radians)), 1e-7) << phase;
    }
}

// ---- the order of sums

TEST(stripes, add_by_index_modulo_four_and_end_in_a_fixed_order) {
    // 2^24 + 1 is not a float: the ones survive only if they never meet 2^24 alone.
    Stripes sum;
    const float values[] = {16777216.0f, 1.0f, -16777216.0f, 1.0f, 0.0f, 1.0f};
    for (uint32_t i = 0; i < 6; i++) sum.add(i, values[i]);
    EXPECT_EQ(sum.s[0], 16777216.0f);
    EXPECT_EQ(sum.s[1], 2.0f);
    EXPECT_EQ(sum.s[2], -16777216.0f);
    EXPECT_EQ(sum.s[3], 1.0f);
    EXPECT_EQ(sum.sum(), 3.0f);
}

TEST(multiply_high, takes_the_upper_half) {
    EXPECT_EQ(multiply_high(0xffffffffu, 0xffffffffu), 0xfffffffeu);
    EXPECT_EQ(multiply_high(0x80000000u, 2), 1u);
    EXPECT_EQ(multiply_high(0x80000000u, 1), 0u);
}

}  // namespace
}  // namespace mote
