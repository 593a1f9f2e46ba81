// attention: each cache format against softmax attention in double.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/arithmetic.h"
#include "kernels/kernels.h"
#include "support/packed.h"
#include "support/random.h"

namespace mote {
namespace {

using testing::Random;

// One head's cache as numbers, and as the bytes of a format.
struct Head {
    uint32_t positions, dim;
    std::vector<float> k, v;                   // what the bytes stand for
    std::vector<uint8_t> keys, values;
    std::vector<uint16_t> key_scales, value_scales;

    Attention attention(float scale, std::vector<uint32_t>& scratch) const {
        scratch.assign(attention_scratch(positions, dim), 0xdeadbeef);
        return {keys.data(), values.data(), key_scales.data(), value_scales.data(), positions, dim, scale, scratch.data()};
    }
};

void store(Format format, std::vector<float>& x, uint32_t dim, std::vector<uint8_t>& cells, std::vector<uint16_t>& scales) {
    const size_t element = format == Format::f32 ? 4 : format == Format::f16 ? 2 : 1;
    cells.resize(x.size() * element);
    for (size_t i = 0; i < x.size(); i++) {
        if (format == Format::f32) {
            std::memcpy(&cells[i * 4], &x[i], 4);
        } else if (format == Format::f16) {
            const uint16_t h = f32_to_f16(x[i]);
            std::memcpy(&cells[i * 2], &h, 2);
            x[i] = f16_to_f32(h);
        } else {
            if (i % dim == 0) {
                float most = 0;
                for (size_t j = i; j < i + dim; j++) most = std::max(most, std::fabs(x[j]));
                scales.push_back(bf16_above(most / 127));
            }
            const float scale = testing::of_bf16(scales.back());
            const int q = scale > 0 ? int(std::lround(x[i] / scale)) : 0;
            cells[i] = uint8_t(int8_t(q));
            x[i] = float(q) * scale;
        }
    }
}

Head random_head(Format format, uint32_t positions, uint32_t dim, float k_size, float v_size, Random& random) {
    Head h{positions, dim, random.floats(size_t(positions) * dim, k_size), random.floats(size_t(positions) * dim, v_size), {}, {}, {}, {}};
    for (uint32_t t = 0; t < positions; t++)  // positions of unequal loudness
        for (uint32_t i = 0; i < dim; i++) h.v[t * dim + i] *= 1.0f / float(1u << (t % 5));
    store(format, h.k, dim, h.keys, h.key_scales);
    store(format, h.v, dim, h.values, h.value_scales);
    return h;
}

struct Expected {
    std::vector<double> out;
    double largest_score = 0;  // |scale q k| at most
    double largest_value = 0;
};

Expected softmax_attention(const Head& h, const std::vector<double>& q, float scale) {
    Expected e;
    std::vector<double> p(h.positions);
    double most = -1e300, total = 0;
    for (uint32_t t = 0; t < h.positions; t++) {
        for (uint32_t i = 0; i < h.dim; i++) p[t] += q[i] * double(h.k[t * h.dim + i]);
        p[t] *= double(scale);
        most = std::max(most, p[t]);
        e.largest_score = std::max(e.largest_score, std::fabs(p[t]));
    }
    for (double& s : p) total += s = std::exp(s - most);
    e.out.assign(h.dim, 0);
    for (uint32_t t = 0; t < h.positions; t++)
        for (uint32_t i = 0; i < h.dim; i++) {
            e.out[i] += p[t] / total * double(h.v[t * h.dim + i]);
            e.largest_value = std::max(e.largest_value, std::fabs(double(h.v[t * h.dim + i])));
        }
    return e;
}

// The query as the kernel sees it: in int8 with one scale.
std::vector<double> quantized(const std::vector<float>& q) {
    float most = 0;
    for (const float x : q) most = std::max(most, std::fabs(x));
    std::vector<double> out;
    for (const float x : q) out.push_back(most > 0 ? std::nearbyint(double(x) * 127 / double(most)) * double(most) / 127 : 0);
    return out;
}

void (*attend(Format format))(const Attention&, const float*, float*) {
    return format == Format::f32 ? kernels().attend_f32 : format == Format::f16 ? kernels().attend_f16 : kernels().attend_q8;
}

void check(Format format, const Head& h, const std::vector<float>& q, float scale) {
    std::vector<uint32_t> scratch;
    std::vector<float> out(h.dim, -7);
    attend(format)(h.attention(scale, scratch), q.data(), out.data());
    const bool q8 = format == Format::q8;
    const Expected e = softmax_attention(h, q8 ? quantized(q) : std::vector<double>(q.begin(), q.end()), scale);
    // f32, f16: a score is off by (dim + 2) 2^-24 of itself and so is the weight's exponent; sums add positions * 2^-24.
    // q8: the query's factor keeps 15 bits (2^-14 of a score), exp2 is off by 9e-5, a score and a weight lose a unit of 2^-16.
    const double of_score = q8 ? 0x1p-14 : (h.dim + 2) * 0x1p-24;
    const double of_value = q8 ? 2e-4 + h.positions * 0x1p-16 : (h.positions + 8) * 0x1p-24 + 1e-6;
    const double tolerance = 2 * e.largest_value * (e.largest_score * of_score + of_value);
    for (uint32_t i = 0; i < h.dim; i++)
        ASSERT_NEAR(double(out[i]), e.out[i], tolerance) << "positions " << h.positions << " dim " << h.dim << " element " << i;
}

class Attend : public ::testing::TestWithParam<Format> {};

TEST_P(Attend, is_softmax_attention_for_1_to_600_positions) {
    Random random(6);
    for (uint32_t positions = 1; positions <= 600; positions++) {
        const Head h = random_head(GetParam(), positions, 8, 2, 1, random);
        check(GetParam(), h, random.floats(8, 3), 0.35355339f);
        if (HasFatalFailure()) return;
    }
}

TEST_P(Attend, is_softmax_attention_for_every_width) {
    Random random(7);
    for (uint32_t dim = 1; dim <= 130; dim++) {
        const Head h = random_head(GetParam(), 9, dim, 1, 1, random);
        check(GetParam(), h, random.floats(dim, 1), 1 / std::sqrt(float(dim)));
        if (HasFatalFailure()) return;
    }
    check(GetParam(), random_head(GetParam(), 5, max_head_dim, 1, 1, random), random.floats(max_head_dim, 1), 0.0441941738f);
}

TEST_P(Attend, of_one_position_is_its_value) {
    Random random(8);
    const Head h = random_head(GetParam(), 1, 16, 1, 1, random);
    const std::vector<float> q = random.floats(16, 1);
    std::vector<uint32_t> scratch;
    std::vector<float> out(16);
    attend(GetParam())(h.attention(0.25f, scratch), q.data(), out.data());
    for (uint32_t i = 0; i < 16; i++) EXPECT_NEAR(out[i], h.v[i], 1e-6f);
}

TEST_P(Attend, may_write_over_its_query) {
    Random random(9);
    const Head h = random_head(GetParam(), 20, 12, 1, 1, random);
    std::vector<float> q = random.floats(12, 1), out(12);
    std::vector<uint32_t> scratch;
    attend(GetParam())(h.attention(0.3f, scratch), q.data(), out.data());
    attend(GetParam())(h.attention(0.3f, scratch), q.data(), q.data());
    EXPECT_EQ(q, out);
}

TEST_P(Attend, gives_a_winner_all_when_scores_are_huge) {
    Random random(10);
    Head h = random_head(GetParam(), 6, 8, 1, 1, random);
    std::vector<float> q(8, 0);
    q[0] = 1000;
    for (uint32_t t = 0; t < 6; t++)
        for (uint32_t i = 0; i < 8; i++) h.k[t * 8 + i] = i == 0 ? (t == 4 ? 1000.0f : -1000.0f) : 0;
    h.keys.clear(), h.key_scales.clear();
    store(GetParam(), h.k, 8, h.keys, h.key_scales);
    std::vector<uint32_t> scratch;
    std::vector<float> out(8);
    attend(GetParam())(h.attention(1000, scratch), q.data(), out.data());
    for (uint32_t i = 0; i < 8; i++) EXPECT_NEAR(out[i], h.v[4 * 8 + i], 0.02f);  // q8: 5 weights of 2^-16 and rounding
}

TEST_P(Attend, is_the_mean_for_a_zero_query) {
    Random random(11);
    const Head h = random_head(GetParam(), 7, 4, 1, 1, random);
    check(GetParam(), h, std::vector<float>(4, 0.0f), 0.5f);
}

TEST_P(Attend, gives_nan_for_a_query_that_is_not_finite) {
    Random random(12);
    const Head h = random_head(GetParam(), 7, 4, 1, 1, random);
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        std::vector<float> q = random.floats(4, 1), out(4);
        q[2] = bad;
        std::vector<uint32_t> scratch;
        attend(GetParam())(h.attention(0.5f, scratch), q.data(), out.data());
        for (const float x : out) EXPECT_TRUE(std::isnan(x));
    }
}

TEST_P(Attend, gives_nan_for_keys_or_values_that_are_not_finite) {
    Random random(13);
    for (const bool in_keys : {false, true}) {
        Head h = random_head(GetParam(), 7, 4, 1, 1, random);
        std::vector<uint8_t>& cells = in_keys ? h.keys : h.values;
        const float nan = std::numeric_limits<float>::quiet_NaN();
        const uint16_t half = 0x7e00;
        if (GetParam() == Format::f32)
            for (size_t i = 3 * 4; i < 4 * 4; i++) std::memcpy(&cells[i * 4], &nan, 4);
        else if (GetParam() == Format::f16)
            for (size_t i = 3 * 4; i < 4 * 4; i++) std::memcpy(&cells[i * 2], &half, 2);
        else (in_keys ? h.key_scales : h.value_scales)[3] = 0x7fc0;
        const std::vector<float> q = random.floats(4, 1);
        std::vector<float> out(4);
        std::vector<uint32_t> scratch;
        attend(GetParam())(h.attention(0.5f, scratch), q.data(), out.data());
        for (const float x : out) EXPECT_TRUE(std::isnan(x)) << (in_keys ? "keys" : "values");
    }
}

INSTANTIATE_TEST_SUITE_P(attend, Attend, ::testing::Values(Format::f32, Format::f16, Format::q8),
                         [](const auto& p) { return p.param == Format::f32 ? "f32" : p.param == Format::f16 ? "f16" : "q8"; });

TEST(attend_q8, does_not_overflow_at_the_longest_context) {
    Head h{max_context, 2, {}, {}, {}, {}, {}, {}};
    h.keys.assign(size_t(max_context) * 2, 0);
    h.values.assign(size_t(max_context) * 2, 127);
    h.key_scales.assign(max_context, testing::bf16_of(1.0f));
    h.value_scales.assign(max_context, 0x3fff);  // 1.9921875: the largest mantissa
    std::vector<uint32_t> scratch;
    float q[2] = {1, 1};
    kernels().attend_q8(h.attention(1, scratch), q, q);
    EXPECT_NEAR(q[0], 127 * 1.9921875f, 1e-3f);
    EXPECT_NEAR(q[1], 127 * 1.9921875f, 1e-3f);
}

TEST(attend_q8, takes_scales_of_every_exponent) {
    Random random(14);
    for (uint32_t e = 1; e < 255; e++) {
        Head h{4, 4, {}, {}, {}, {}, {}, {}};
        for (int i = 0; i < 16; i++) h.keys.push_back(uint8_t(random.between(-127, 127))), h.values.push_back(uint8_t(random.between(-127, 127)));
        h.key_scales.assign(4, uint16_t(e << 7));
        h.value_scales.assign(4, uint16_t(random.below(255) << 7 | 5));
        std::vector<uint32_t> scratch;
        float q[4] = {1, -1, 0.5f, 0.25f};
        kernels().attend_q8(h.attention(0.5f, scratch), q, q);
        for (const float x : q) ASSERT_FALSE(std::isnan(x)) << e;
    }
}

}  // namespace
}  // namespace mote
