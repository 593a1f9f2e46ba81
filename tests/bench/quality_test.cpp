// quality_test: the promises about loss, and that the peers' formats are computed by their own rule.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "base/files.h"
#include "bench/ggml_formats.h"
#include "bench/quality.h"

namespace mote::bench {
namespace {

// Two rows of 64 values and the bytes that ggml makes of them.
void expect_ggml_bytes(const std::string& name, std::vector<uint8_t> (*convert)(const float*, uint32_t)) {
    const std::string folder = std::string(MOTE_SHARED_DATA) + "/quant/ggml/";
    if (!tools::exists(folder)) GTEST_SKIP() << folder << " is absent";
    const tools::MappedFile input(folder + name + "_64_noim_input.bin"), expected(folder + name + "_64_noim_expected.bin");
    std::vector<float> x(input.size() / 4);
    std::memcpy(x.data(), input.data(), input.size());
    const std::vector<uint8_t> bytes = convert(x.data(), uint32_t(x.size()));
    ASSERT_EQ(bytes.size(), expected.size());
    EXPECT_EQ(std::memcmp(bytes.data(), expected.data(), bytes.size()), 0);
}

TEST(ggml_formats, q8_0_has_the_bytes_of_ggml) { expect_ggml_bytes("q8_0", to_q8_0); }
TEST(ggml_formats, q4_0_has_the_bytes_of_ggml) { expect_ggml_bytes("q4_0", to_q4_0); }

class quality : public ::testing::Test {
protected:
    static void SetUpTestSuite() { tables_ = measure_quality(MOTE_SHARED_DATA); }
    void SetUp() override {
        if (tables_.empty()) GTEST_SKIP() << "checkpoints below " << MOTE_SHARED_DATA << " are absent";
    }
    static std::vector<QualityTable> tables_;
};
std::vector<QualityTable> quality::tables_;

TEST_F(quality, q8_with_the_q8_cache_stays_within_three_thousandths_of_f32) {
    for (const QualityTable& t : tables_) EXPECT_LT(t.excess(t.row("q8")), 0.003) << t.model;
}

TEST_F(quality, q4_is_closer_to_f32_than_q4_0_with_no_more_bits) {
    for (const QualityTable& t : tables_) {
        EXPECT_LT(t.row("q4").divergence, t.row("Q4_0", "f32").divergence) << t.model;
        EXPECT_LE(t.row("q4").bits_per_weight, t.row("Q4_0", "f32").bits_per_weight) << t.model;
    }
}

// stories656K is so far from this text that Q4_0 happens to lose less than f32; stories260K tells them apart.
TEST_F(quality, q4_loses_less_than_q4_0) {
    EXPECT_EQ(tables_[0].model, "stories260K");
    EXPECT_LT(tables_[0].row("q4").nats_per_token, tables_[0].row("Q4_0", "f32").nats_per_token);
}

TEST_F(quality, q8_has_fewer_bits_than_q8_0) {
    for (const QualityTable& t : tables_) EXPECT_LT(t.row("q8").bits_per_weight, t.row("Q8_0", "f32").bits_per_weight) << t.model;
}

// The table that stands in the repository is the one that this program writes.
TEST_F(quality, table_is_up_to_date) {
    const tools::MappedFile written(MOTE_QUALITY_TABLE);
    EXPECT_EQ(std::string(written.text()), quality_markdown(tables_)) << "run the quality program with --write";
}

}  // namespace
}  // namespace mote::bench
