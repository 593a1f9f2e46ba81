// sampler: the cuts and the draws against sorting and softmax in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <set>

#include "mote/sampler.h"
#include "support/random.h"

namespace mote {
namespace {

using testing::Random;

using Set = std::set<uint32_t>;

constexpr float infinity = std::numeric_limits<float>::infinity();
const float not_a_number = std::numeric_limits<float>::quiet_NaN();

uint32_t sample_copy(Sampler& s, std::vector<float> logits) {
    const Result<uint32_t> token = sample(s, {logits.data(), logits.size()});
    EXPECT_TRUE(token.ok());
    return token.value;
}

// ---- the set of tokens that the cuts leave

// The documented order: top-k, top-p of what is left, min-p relative to the best; lower ids first among equals.
// `clear` turns false when a decision hangs on less than the sampler's precision.
struct Kept {
    Set tokens;
    bool clear = true;
};

Kept kept_by_definition(const std::vector<float>& logits, const SamplerOptions& o) {
    constexpr double margin = 1e-4;  // depths have 16 bits behind the point: 2^-16 ln 2, and top_p has 16 bits
    std::vector<uint32_t> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return logits[a] > logits[b]; });
    Kept kept;
    if (o.top_k && o.top_k < order.size()) {
        const double gap = double(logits[order[o.top_k - 1]]) - double(logits[order[o.top_k]]);
        kept.clear = kept.clear && (gap == 0 || gap > margin);
        order.resize(o.top_k);
    }
    std::vector<double> p;
    for (const uint32_t i : order) p.push_back(std::exp(double(logits[i]) - double(logits[order[0]])));
    const double total = std::accumulate(p.begin(), p.end(), 0.0);
    double mass = 0;
    for (size_t i = 0; i < order.size(); i++) {
        const bool by_top_p = o.top_p >= 1 || mass / total < double(o.top_p);
        const bool by_min_p = p[i] >= double(o.min_p);
        if (o.top_p < 1 && std::fabs(mass / total - double(o.top_p)) < margin) kept.clear = false;
        if (o.min_p > 0 && std::fabs(p[i] / double(o.min_p) - 1) < margin && p[i] < 1) kept.clear = false;
        if (by_top_p && by_min_p) kept.tokens.insert(order[i]);
        mass += p[i];
    }
    return kept;
}

// At an enormous temperature all that is left is equally probable, so that many draws show the whole set.
Set kept_by_sampler(const std::vector<float>& logits, SamplerOptions o) {
    o.temperature = 1e30f;
    Sampler s = sampler(o).value;
    Set seen;
    for (size_t i = 0; i < 25 * logits.size(); i++) seen.insert(sample_copy(s, logits));
    return seen;
}

TEST(cuts, keep_the_set_that_sorting_and_softmax_keep) {
    Random random(1);
    int compared = 0;
    for (int round = 0; round < 1500; round++) {
        const size_t n = 1 + random.below(40);
        std::vector<float> logits = random.floats(n, 6);
        if (round % 3 == 0)
            for (float& l : logits) l = std::round(l);  // many ties
        SamplerOptions o;
        o.top_k = uint32_t(random.below(n + 3));
        o.top_p = round % 4 == 0 ? 1.0f : 0.05f + 0.94f * float(random.below(1000)) / 1000;
        o.min_p = round % 5 == 0 ? 0.0f : 0.3f * float(random.below(1000)) / 1000;
        o.seed = uint64_t(round);
        const Kept expected = kept_by_definition(logits, o);
        if (!expected.clear) continue;
        compared++;
        ASSERT_EQ(kept_by_sampler(logits, o), expected.tokens)
            << "round " << round << " n " << n << " top_k " << o.top_k << " top_p " << o.top_p << " min_p " << o.min_p;
    }
    EXPECT_GT(compared, 1000);
}

TEST(top_k, takes_the_lower_ids_among_equals) {
    const std::vector<float> logits = {1, 2, 1, 2, 1, 2, 1};
    SamplerOptions o;
    o.top_p = 1, o.min_p = 0;
    o.top_k = 2;
    EXPECT_EQ(kept_by_sampler(logits, o), (Set{1, 3}));
    o.top_k = 5;
    EXPECT_EQ(kept_by_sampler(logits, o), (Set{0, 1, 2, 3, 5}));
    o.top_k = 0;
    EXPECT_EQ(kept_by_sampler(logits, o).size(), 7u);
    o.top_k = 8;
    EXPECT_EQ(kept_by_sampler(logits, o).size(), 7u);
    o.top_k = 0xffffffff;
    EXPECT_EQ(kept_by_sampler(logits, o).size(), 7u);
}

TEST(top_p, keeps_at_least_one_and_takes_the_lower_ids_among_equals) {
    const std::vector<float> logits(10, 3.0f);
    SamplerOptions o;
    o.top_k = 0, o.min_p = 0;
    o.top_p = 1e-30f;
    EXPECT_EQ(kept_by_sampler(logits, o), (Set{0}));
    o.top_p = 0.45f;
    EXPECT_EQ(kept_by_sampler(logits, o), (Set{0, 1, 2, 3, 4}));
    o.top_p = 1;
    EXPECT_EQ(kept_by_sampler(logits, o).size(), 10u);
}

TEST(min_p, of_one_keeps_only_the_best_and_of_zero_all) {
    const std::vector<float> logits = {0, 5, 4.9f, 5, -20};
    SamplerOptions o;
    o.top_k = 0, o.top_p = 1;
    o.min_p = 1;
    EXPECT_EQ(kept_by_sampler(logits, o), (Set{1, 3}));
    o.min_p = 0;
    EXPECT_EQ(kept_by_sampler(logits, o), (Set{0, 1, 2, 3}));  // e^-25 is below 2^-31
}

// ---- draws

// A draw by its definition: SplitMix64's upper 32 bits are u; the token is the first whose cumulative probability exceeds u.
TEST(draws, are_those_of_the_inverse_of_the_distribution) {
    Random random(2);
    int compared = 0;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        const std::vector<float> logits = random.floats(1 + random.below(30), 5);
        const float temperature = 0.2f + 2 * float(random.below(1000)) / 1000;
        SamplerOptions o{temperature, 0, 1, 0, seed};
        Sampler s = sampler(o).value;
        const uint32_t token = sample_copy(s, logits);
        const double u = double(Random(seed).next() >> 32) / 4294967296.0;
        const double best = double(*std::max_element(logits.begin(), logits.end()));
        std::vector<double> cumulative;
        double total = 0;
        for (const float l : logits) cumulative.push_back(total += std::exp((double(l) - best) / double(temperature)));
        uint32_t expected = 0;
        while (expected + 1 < logits.size() && cumulative[expected] / total <= u) expected++;
        bool clear = true;
        for (const double c : cumulative) clear = clear && std::fabs(c / total - u) > 1e-4;
        if (!clear) continue;
        compared++;
        ASSERT_EQ(token, expected) << "seed " << seed;
    }
    EXPECT_GT(compared, 19000);
}

TEST(draws, come_as_often_as_they_are_probable) {
    const std::vector<float> logits = {0, 1, 2, -1, 0.5f, 1.5f, -2, 2.5f, 0.25f, -0.5f, 1.75f, 3};
    for (const float temperature : {0.5f, 0.8f, 1.0f, 1.7f}) {
        Sampler s = sampler(SamplerOptions{temperature, 0, 1, 0, 42}).value;
        constexpr int draws = 40000;
        std::vector<int> count(logits.size());
        for (int i = 0; i < draws; i++) count[sample_copy(s, logits)]++;
        double total = 0, chi_square = 0;
        for (const float l : logits) total += std::exp(double(l) / double(temperature));
        for (size_t i = 0; i < logits.size(); i++) {
            const double expected = draws * std::exp(double(logits[i]) / double(temperature)) / total;
            chi_square += (count[i] - expected) * (count[i] - expected) / expected;
        }
        EXPECT_LT(chi_square, 31.3) << "temperature " << temperature;  // 99.9 % quantile with 11 degrees of freedom
    }
}

TEST(draws, of_a_seed_are_the_recorded_ones) {
    const std::vector<float> logits = {0, 1, 2, 3, 2.5f, 1.5f, 0.5f, -0.5f};
    Sampler s = sampler(SamplerOptions{1, 0, 1, 0, 7}).value;
    std::vector<uint32_t> drawn;
    for (int i = 0; i < 24; i++) drawn.push_back(sample_copy(s, logits));
    // From SplitMix64 and the cumulative softmax, evaluated in Python.
    const std::vector<uint32_t> expected = {3, 0, 5, 3, 3, 3, 3, 3, 2, 3, 2, 6, 5, 5, 4, 3, 5, 3, 3, 4, 4, 2, 3, 3};
    EXPECT_EQ(drawn, expected);
}

TEST(draws, go_on_from_the_samplers_state) {
    const std::vector<float> logits(100, 0.0f);
    Sampler one = sampler(SamplerOptions{1, 0, 1, 0, 5}).value, two = one;
    EXPECT_EQ(sample_copy(one, logits), sample_copy(two, logits));
    EXPECT_EQ(sample_copy(one, logits), sample_copy(two, logits));
    EXPECT_EQ(one.state, two.state);
    EXPECT_NE(one.state, 5u);
}

TEST(draws, need_only_the_differences_of_logits) {
    Random random(3);
    for (int round = 0; round < 200; round++) {
        std::vector<float> logits;
        for (int i = 0; i < 20; i++) logits.push_back(float(random.between(-40, 40)) / 8);
        std::vector<float> shifted = logits;
        for (float& l : shifted) l += 64;  // exact
        Sampler a = sampler(SamplerOptions{}).value, b = a;
        ASSERT_EQ(sample_copy(a, logits), sample_copy(b, shifted));
    }
}

// ---- greedy

TEST(greedy, takes_the_largest_and_the_lowest_id_among_equals) {
    Random random(4);
    for (int round = 0; round < 1000; round++) {
        std::vector<float> logits = random.floats(1 + random.below(50), 4);
        for (float& l : logits) l = std::round(l);
        Sampler s = sampler(SamplerOptions{0, 40, 0.95f, 0.05f, 1}).value;
        ASSERT_EQ(sample_copy(s, logits), uint32_t(std::max_element(logits.begin(), logits.end()) - logits.begin()));
        ASSERT_EQ(s.state, 1u) << "greedy drew";
    }
}

TEST(greedy, leaves_the_logits_as_they_are) {
    std::vector<float> logits = {1, 3, 2};
    Sampler s = sampler(SamplerOptions{0, 0, 1, 0, 0}).value;
    EXPECT_EQ(sample(s, {logits.data(), 3}).value, 1u);
    EXPECT_EQ(logits, (std::vector<float>{1, 3, 2}));
}

TEST(temperatures, that_are_tiny_are_greedy) {
    Random random(5);
    for (const float temperature : {1e-30f, 1e-6f, 1e-4f, std::numeric_limits<float>::denorm_min()})
        for (int round = 0; round < 100; round++) {
            std::vector<float> logits = random.floats(20, 5);
            logits[random.below(20)] = 6;
            Sampler s = sampler(SamplerOptions{temperature, 0, 1, 0, uint64_t(round)}).value;
            ASSERT_EQ(sample_copy(s, logits), uint32_t(std::max_element(logits.begin(), logits.end()) - logits.begin())) << temperature;
        }
}

TEST(temperatures, that_are_huge_are_accepted) {
    Sampler s = sampler(SamplerOptions{std::numeric_limits<float>::max(), 0, 1, 0, 1}).value;
    EXPECT_LT(sample_copy(s, {1, 2, 3}), 3u);
}

// ---- logits at the ends of their range

TEST(logits, of_equal_value_draw_any_and_greedy_the_first) {
    for (const float value : {0.0f, -1e30f, std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest(), 1e-45f}) {
        const std::vector<float> logits(17, value);
        EXPECT_EQ(kept_by_sampler(logits, SamplerOptions{1, 0, 1, 0, 0}).size(), 17u) << value;
        Sampler greedy = sampler(SamplerOptions{0, 0, 1, 0, 0}).value;
        EXPECT_EQ(sample_copy(greedy, logits), 0u);
    }
}

TEST(logits, as_far_apart_as_floats_go_leave_the_best) {
    Sampler s = sampler(SamplerOptions{1, 0, 1, 0, 0}).value;
    const float most = std::numeric_limits<float>::max();
    for (int i = 0; i < 50; i++) EXPECT_EQ(sample_copy(s, {-most, most, 0, -most}), 1u);
}

TEST(logits, that_are_not_finite_are_reported_and_left_alone) {
    for (const float temperature : {0.0f, 0.8f})
        for (const float bad : {not_a_number, infinity, -infinity})
            for (const size_t at : {0u, 3u, 6u}) {
                std::vector<float> logits = {1, 2, 3, 4, 5, 6, 7};
                logits[at] = bad;
                std::vector<float> copy = logits;
                Sampler s = sampler(SamplerOptions{temperature, 40, 0.95f, 0.05f, 9}).value;
                const Fault f = sample(s, {copy.data(), copy.size()}).fault;
                EXPECT_EQ(f.error, Error::nonfinite);
                EXPECT_EQ(f.where, at);
                EXPECT_EQ(std::memcmp(copy.data(), logits.data(), logits.size() * 4), 0);
                EXPECT_EQ(s.state, 9u);
            }
    std::vector<float> all(5, -infinity);
    Sampler s = sampler(SamplerOptions{}).value;
    EXPECT_EQ(sample(s, {all.data(), all.size()}).fault.error, Error::nonfinite);
}

TEST(logits, of_one_token_give_that_token) {
    for (const float temperature : {0.0f, 1.0f}) {
        Sampler s = sampler(SamplerOptions{temperature, 1, 0.5f, 1, 0}).value;
        EXPECT_EQ(sample_copy(s, {-3.5f}), 0u);
    }
}

TEST(sample, refuses_no_logits_and_more_than_a_vocabulary) {
    Sampler s = sampler(SamplerOptions{}).value;
    float logit = 1;
    EXPECT_EQ(sample(s, {nullptr, 0}).fault.error, Error::argument);
    EXPECT_EQ(sample(s, {nullptr, 5}).fault.error, Error::argument);
    EXPECT_EQ(sample(s, {&logit, 0}).fault.error, Error::argument);
    EXPECT_EQ(sample(s, {&logit, size_t(1) << 25}).fault.error, Error::limit);
}

// ---- options

TEST(sampler_options, outside_their_range_are_refused_by_name) {
    const auto fault = [](float temperature, float top_p, float min_p) { return sampler(SamplerOptions{temperature, 40, top_p, min_p, 0}).fault; };
    for (const float t : {-1.0f, -1e-30f, not_a_number, infinity, -infinity}) {
        EXPECT_EQ(fault(t, 1, 0).error, Error::argument) << t;
        EXPECT_EQ(fault(t, 1, 0).where, 0u);
    }
    for (const float p : {0.0f, -0.1f, 1.0001f, not_a_number, infinity}) {
        EXPECT_EQ(fault(1, p, 0).error, Error::argument) << p;
        EXPECT_EQ(fault(1, p, 0).where, 1u);
    }
    for (const float p : {-0.1f, 1.0001f, not_a_number, infinity}) {
        EXPECT_EQ(fault(1, 1, p).error, Error::argument) << p;
        EXPECT_EQ(fault(1, 1, p).where, 2u);
    }
    EXPECT_TRUE(fault(0, 1e-30f, 1).ok());
    EXPECT_TRUE(fault(-0.0f, 1, 0).ok());
}

}  // namespace
}  // namespace mote
