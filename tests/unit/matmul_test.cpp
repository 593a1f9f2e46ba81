// matmul: every row of the kernel table against plain loops over the weights as they were before packing.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/kernels.h"
#include "kernels/arithmetic.h"
#include "support/packed.h"
#include "support/random.h"

namespace mote {
namespace {

using testing::AlignedBytes;
using testing::IntegerMatrix;
using testing::Random;

// The rows of the table that this machine can run.
std::vector<const Kernels*> tables() {
    const KernelRows rows = kernel_rows();
    return {rows.row, rows.row + rows.count};
}

struct Shape {
    uint32_t rows, cols;
};

std::vector<Shape> shapes() {
    std::vector<Shape> all;
    for (uint32_t rows = 1; rows <= 9; rows++)
        for (uint32_t cols = 1; cols <= 70; cols++) all.push_back({rows, cols});
    for (const Shape& s : {Shape{64, 172}, Shape{172, 64}, Shape{33, 1000}, Shape{5, 4096}}) all.push_back(s);
    return all;
}

// ---- f32, f16

// The order of kernels.h, written out once more.
float striped_dot(const float* w, const float* x, uint32_t n) {
    float s[4] = {0, 0, 0, 0};
    for (uint32_t i = 0; i < n; i++) s[i % 4] += w[i] * x[i];
    return (s[0] + s[2]) + (s[1] + s[3]);
}

void check_float_product(const float* w, const float* x, const float* y, const Shape& s, uint32_t count) {
    for (uint32_t t = 0; t < count; t++)
        for (uint32_t r = 0; r < s.rows; r++) {
            double sum = 0, magnitudes = 0;
            for (uint32_t c = 0; c < s.cols; c++) {
                const double product = double(w[r * s.cols + c]) * double(x[t * s.cols + c]);
                sum += product;
                magnitudes += std::fabs(product);
            }
            // One rounding a product and one a sum: at most n + 2 of 2^-24 of what was added.
            ASSERT_LE(std::fabs(double(y[t * s.rows + r]) - sum), (s.cols + 2) * magnitudes * 0x1p-24) << s.rows << "x" << s.cols;
            ASSERT_EQ(bits_of(y[t * s.rows + r]), bits_of(striped_dot(w + r * s.cols, x + t * s.cols, s.cols))) << s.rows << "x" << s.cols;
        }
}

TEST(matmul_f32, is_the_product_in_the_order_of_stripes) {
    Random random(1);
    for (const Kernels* k : tables())
        for (const Shape& s : shapes()) {
            const std::vector<float> w = random.floats(size_t(s.rows) * s.cols), x = random.floats(3 * size_t(s.cols));
            Matrix m;
            m.data = reinterpret_cast<const uint8_t*>(w.data());
            m.rows = s.rows, m.cols = s.cols, m.format = Format::f32;
            std::vector<float> y(3 * s.rows, -7);
            k->matmul_f32(m, x.data(), 3, y.data());
            check_float_product(w.data(), x.data(), y.data(), s, 3);
        }
}

TEST(matmul_f16, is_the_product_in_the_order_of_stripes) {
    Random random(2);
    for (const Kernels* k : tables())
        for (const Shape& s : shapes()) {
            std::vector<float> w = random.floats(size_t(s.rows) * s.cols);
            const std::vector<float> x = random.floats(3 * size_t(s.cols));
            std::vector<uint16_t> half;
            for (float& v : w) {
                half.push_back(f32_to_f16(v));
                v = f16_to_f32(half.back());
            }
            Matrix m;
            m.data = reinterpret_cast<const uint8_t*>(half.data());
            m.rows = s.rows, m.cols = s.cols, m.format = Format::f16;
            std::vector<float> y(3 * s.rows, -7);
            k->matmul_f16(m, x.data(), 3, y.data());
            check_float_product(w.data(), x.data(), y.data(), s, 3);
        }
}

// ---- q8, q4

// Activations as quantize_row leaves them: any int8 up to 127, zeros behind the columns.
struct Activations {
    uint32_t stride, count;
    std::vector<int8_t> values;
    std::vector<float> scales;
    std::vector<uint8_t> exponents;  // empty: one scale a vector

    QuantizedTile tile() { return {values.data(), scales.data(), exponents.empty() ? nullptr : exponents.data(), stride}; }
};

Activations random_activations(uint32_t cols, uint32_t count, ActivationScale scale, Random& random) {
    Activations a{testing::round_up(cols, 32), count, {}, {}, {}};
    a.values.resize(size_t(a.stride) * count);
    for (uint32_t t = 0; t < count; t++)
        for (uint32_t c = 0; c < cols; c++) a.values[t * a.stride + c] = int8_t(random.between(-127, 127));
    for (uint32_t t = 0; t < count; t++) a.scales.push_back(0.01f * float(1 + random.below(100)));
    for (uint32_t g = 0; scale == ActivationScale::group && g < a.stride / 32 * count; g++) a.exponents.push_back(uint8_t(random.below(16)));
    return a;
}

// Exact: products of small integers add up below 2^53.
double exact_sum(const IntegerMatrix& m, const Activations& a, uint32_t row, uint32_t token) {
    double sum = 0;
    for (uint32_t c = 0; c < m.cols; c++) {
        const double scale = m.format == Format::q4 ? m.group_scale(row, c / 32) : 1;
        const double power = a.exponents.empty() ? 1 : std::exp2(a.exponents[token * (a.stride / 32) + c / 32]);
        sum += m.weight(row, c) * scale * a.values[token * a.stride + c] * power;
    }
    return sum;
}

void check_integer_product(const Kernels& k, const IntegerMatrix& m, Activations& a) {
    const AlignedBytes bytes = lay_out(m);
    const Matrix w = matrix_of(m, bytes);
    std::vector<float> y(size_t(m.rows) * a.count + 4, -7);
    (m.format == Format::q8 ? k.matmul_q8 : k.matmul_q4)(w, a.tile(), a.count, y.data());
    for (uint32_t t = 0; t < a.count; t++)
        for (uint32_t r = 0; r < m.rows; r++) {
            const float expected = (float(exact_sum(m, a, r, t)) * testing::of_bf16(m.row_scales[r])) * a.scales[t];
            ASSERT_EQ(bits_of(y[t * m.rows + r]), bits_of(expected)) << k.name << " " << m.rows << "x" << m.cols << " row " << r << " token " << t;
        }
    for (size_t i = size_t(m.rows) * a.count; i < y.size(); i++) ASSERT_EQ(y[i], -7) << "written past the result";
}

class QuantizedProduct : public ::testing::TestWithParam<std::tuple<Format, ActivationScale>> {};

TEST_P(QuantizedProduct, is_exact_for_every_small_shape_and_some_large) {
    const auto [format, scale] = GetParam();
    Random random(uint64_t(format) * 2 + uint64_t(scale));
    for (const Kernels* k : tables())
        for (const Shape& s : shapes()) {
            const IntegerMatrix m = testing::random_integers(format, s.rows, s.cols, random);
            Activations a = random_activations(s.cols, 1 + s.cols % 3, scale, random);
            check_integer_product(*k, m, a);
            if (HasFatalFailure()) return;
        }
}

TEST_P(QuantizedProduct, is_exact_for_tiles_of_every_size) {
    const auto [format, scale] = GetParam();
    Random random(20 + uint64_t(format) * 2 + uint64_t(scale));
    for (const Kernels* k : tables())
        for (const Shape& s : {Shape{3, 40}, Shape{8, 64}, Shape{22, 96}, Shape{13, 1100}})
            for (uint32_t count = 1; count <= (s.cols < 1000 ? 35 : 9); count++) {
                const IntegerMatrix m = testing::random_integers(format, s.rows, s.cols, random);
                Activations a = random_activations(s.cols, count, scale, random);
                check_integer_product(*k, m, a);
                if (HasFatalFailure()) return;
            }
}

TEST_P(QuantizedProduct, does_not_overflow_at_the_largest_sums) {
    const auto [format, scale] = GetParam();
    Random random(9);
    const uint32_t cols = format == Format::q8 ? max_hidden : 4096;  // q4: 8 * 127 * 127 * 4096 * 4 > 2^31 below
    for (const int sign : {-1, 1}) {
        IntegerMatrix m = testing::random_integers(format, 2, cols, random);
        for (int& w : m.weights) w = format == Format::q8 ? 127 * sign : sign < 0 ? -8 : 7;
        for (int& s : m.group_scales) s = 127;
        Activations a = random_activations(cols, 1, scale, random);
        for (int8_t& v : a.values) v = 127;
        for (uint8_t& e : a.exponents) e = 15;
        for (const Kernels* k : tables()) check_integer_product(*k, m, a);
    }
}

TEST_P(QuantizedProduct, is_nan_for_a_vector_with_a_nan_scale) {
    const auto [format, scale] = GetParam();
    Random random(10);
    const IntegerMatrix m = testing::random_integers(format, 6, 40, random);
    const AlignedBytes bytes = lay_out(m);
    Activations a = random_activations(40, 2, scale, random);
    a.scales[0] = std::numeric_limits<float>::quiet_NaN();
    for (const Kernels* k : tables()) {
        std::vector<float> y(12);
        (format == Format::q8 ? k->matmul_q8 : k->matmul_q4)(matrix_of(m, bytes), a.tile(), 2, y.data());
        for (int r = 0; r < 6; r++) {
            EXPECT_TRUE(std::isnan(y[size_t(r)]));
            EXPECT_FALSE(std::isnan(y[size_t(6 + r)]));
        }
    }
}

std::string name_of(const ::testing::TestParamInfo<QuantizedProduct::ParamType>& p) {
    return std::string(std::get<0>(p.param) == Format::q8 ? "q8" : "q4") +
           (std::get<1>(p.param) == ActivationScale::vector ? "_scale_a_vector" : "_scale_a_group");
}

INSTANTIATE_TEST_SUITE_P(matmul, QuantizedProduct,
                         ::testing::Combine(::testing::Values(Format::q8, Format::q4),
                                            ::testing::Values(ActivationScale::vector, ActivationScale::group)),
                         name_of);

}  // namespace
}  // namespace mote
