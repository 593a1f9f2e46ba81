// Rope frequencies. Expected values: the formulas in double precision, worked out apart from this code.
#include "import/rope.h"

#include <gtest/gtest.h>

#include "model/weights.h"
#include "refusal.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;

constexpr double turn = 6.283185307179586476925;

std::vector<uint32_t> with_scaling(const Json& scaling) {
    return rope_frequencies(4, 100, JsonView(scaling, "config.json", "rope_scaling"));
}

TEST(rope, writes_one_radian_as_a_fraction_of_a_turn) {
    EXPECT_EQ(rope_turns(1), 683565276u);  // 2^32 / (2 pi) = 683565275.58
    EXPECT_EQ(rope_turns(turn / 4), 1u << 30);
    EXPECT_EQ(rope_turns(0), 0u);
}

TEST(rope, wraps_at_a_whole_turn) {
    EXPECT_EQ(rope_turns(turn * 1.25), 1u << 30);
    EXPECT_EQ(rope_turns(turn * (1 - 1e-12)), 0u);
}

TEST(rope, spaces_frequencies_by_powers_of_theta) {
    const std::vector<uint32_t> turns = rope_frequencies(4, 10000);
    ASSERT_EQ(turns.size(), 2u);
    EXPECT_EQ(turns[0], 683565276u);  // 1 radian
    EXPECT_EQ(turns[1], 6835653u);    // 0.01 radian
}

TEST(rope, divides_frequencies_by_a_linear_factor) {
    EXPECT_EQ(with_scaling({{"type", "linear"}, {"factor", 2.0}}), (std::vector<uint32_t>{341782638, 34178264}));
}

TEST(rope, leaves_frequencies_alone_by_the_default_rule) {
    EXPECT_EQ(with_scaling({{"rope_type", "default"}}), rope_frequencies(4, 100));
}

// theta 100 and dim 4: waves of 2 pi and 20 pi positions. A context of 100 holds 15.9 and 1.59 of them.
TEST(rope, stretches_long_waves_by_the_llama3_rule) {
    const Json scaling = {{"rope_type", "llama3"},
                          {"factor", 8.0},
                          {"low_freq_factor", 2.0},
                          {"high_freq_factor", 4.0},
                          {"original_max_position_embeddings", 100}};
    EXPECT_EQ(with_scaling(scaling), (std::vector<uint32_t>{683565276, 8544566}));  // short: kept; long: an eighth
}

TEST(rope, blends_middle_waves_by_the_llama3_rule) {
    const Json scaling = {{"rope_type", "llama3"},
                          {"factor", 8.0},
                          {"low_freq_factor", 1.0},
                          {"high_freq_factor", 4.0},
                          {"original_max_position_embeddings", 100}};
    // waves = 10 / (2 pi) = 1.591549; blend = 0.197183; 0.1 (0.802817 / 8 + 0.197183) = 0.029753518 radians
    EXPECT_NEAR(with_scaling(scaling)[1], 20338473.0, 60.0);  // from a blend of six digits
}

TEST(rope, refuses_rules_it_does_not_know_by_name) {
    for (const char* rule : {"yarn", "dynamic", "longrope"})
        expect_refusal("E_UNSUPPORTED", {"rope_scaling", rule, "linear"}, [&] {
            with_scaling({{"rope_type", rule}, {"factor", 2.0}});
        });
}

TEST(rope, refuses_a_rule_without_its_numbers) {
    expect_refusal("E_MISSING", {"factor"}, [] { with_scaling({{"type", "linear"}}); });
    expect_refusal("E_RANGE", {"factor"}, [] { with_scaling({{"type", "linear"}, {"factor", 0}}); });
    expect_refusal("E_TYPE", {"factor"}, [] { with_scaling({{"type", "linear"}, {"factor", "2"}}); });
    expect_refusal("E_MISSING", {"type"}, [] { with_scaling({{"factor", 2}}); });
    expect_refusal("E_RANGE", {"high_freq_factor"}, [] {
        with_scaling({{"rope_type", "llama3"},
                      {"factor", 8},
                      {"low_freq_factor", 4},
                      {"high_freq_factor", 4},
                      {"original_max_position_embeddings", 100}});
    });
}

}  // namespace
}  // namespace mote::tools
