// pack: what quantization may lose, and where every byte of a small matrix lies.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "pack/quantize.h"
#include "support/models.h"
#include "support/random.h"

namespace mote {
namespace {

using testing::Random;
using tools::pack_matrix;
using tools::PackedMatrix;
using tools::unpack_matrix;

std::vector<float> round_trip(const std::vector<float>& x, uint32_t rows, uint32_t cols, Format format) {
    return unpack_matrix(pack_matrix(x.data(), rows, cols, format).bytes.data(), rows, cols, format);
}

float largest(const std::vector<float>& x, size_t begin, size_t end) {
    float m = 0;
    for (size_t i = begin; i < end; i++) m = std::max(m, std::fabs(x[i]));
    return m;
}

TEST(pack, of_f32_loses_nothing) {
    Random random(1);
    const std::vector<float> x = random.floats(7 * 13, 5);
    EXPECT_EQ(round_trip(x, 7, 13, Format::f32), x);
}

TEST(pack, of_f16_is_the_nearest_half_and_clamps_and_counts_what_is_beyond) {
    Random random(2);
    const std::vector<float> x = random.floats(5 * 9, 100);
    const std::vector<float> y = round_trip(x, 5, 9, Format::f16);
    for (size_t i = 0; i < x.size(); i++) EXPECT_LE(std::fabs(y[i] - x[i]), std::fabs(x[i]) * 0x1p-11f + 0x1p-25f);
    const float big[] = {65504, 65519, 65520, -1e30f};
    const PackedMatrix p = pack_matrix(big, 1, 4, Format::f16);
    EXPECT_EQ(p.saturated, 2u);
    EXPECT_EQ(unpack_matrix(p.bytes.data(), 1, 4, Format::f16), (std::vector<float>{65504, 65504, 65504, -65504}));
}

TEST(pack, of_q8_is_within_half_a_unit_of_its_row) {
    Random random(3);
    for (uint32_t rows = 1; rows <= 6; rows++)
        for (uint32_t cols = 1; cols <= 70; cols++) {
            const std::vector<float> x = random.floats(size_t(rows) * cols, 0.1f);
            const std::vector<float> y = round_trip(x, rows, cols, Format::q8);
            for (uint32_t r = 0; r < rows; r++) {
                // The scale is the smallest bf16 that is not below max / 127: at most 2^-7 larger.
                const float unit = largest(x, size_t(r) * cols, size_t(r + 1) * cols) / 127 * (1 + 0x1p-7f);
                for (size_t i = size_t(r) * cols; i < size_t(r + 1) * cols; i++) ASSERT_LE(std::fabs(y[i] - x[i]), unit * 0.5001f);
            }
        }
}

TEST(pack, of_q4_loses_no_more_than_half_a_unit_of_its_group_in_the_root_mean_square) {
    Random random(4);
    for (uint32_t rows = 1; rows <= 6; rows++)
        for (uint32_t cols = 1; cols <= 70; cols++) {
            const std::vector<float> x = random.floats(size_t(rows) * cols, 0.1f);
            const std::vector<float> y = round_trip(x, rows, cols, Format::q4);
            for (uint32_t r = 0; r < rows; r++) {
                const float row = largest(x, size_t(r) * cols, size_t(r + 1) * cols);
                for (uint32_t begin = 0; begin < cols; begin += 32) {
                    const size_t first = size_t(r) * cols + begin, last = size_t(r) * cols + std::min(cols, begin + 32);
                    // With the smallest of 127 scales a row that keeps the group's largest element at 7 units, no element is off
                    // by more than half a unit. The scale of least squares may clip, but loses no more than that one.
                    const float unit = largest(x, first, last) / 7 + row / 127 / 7;
                    double loss = 0;
                    for (size_t i = first; i < last; i++) loss += double(y[i] - x[i]) * double(y[i] - x[i]);
                    ASSERT_LE(std::sqrt(loss / double(last - first)), double(unit) * 0.5) << rows << "x" << cols;
                }
            }
        }
}

TEST(pack, keeps_what_a_format_holds_exactly) {
    // q8: integers up to 127 with scale 1. q4: -8 to 7 times an integer scale.
    const std::vector<float> x = {127, -127, 0, 1, -1, 64, 100, -99};
    EXPECT_EQ(round_trip(x, 1, 8, Format::q8), x);
    EXPECT_EQ(round_trip(x, 2, 4, Format::q8)[0], 127);
    const std::vector<float> levels = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7};
    const std::vector<float> y = round_trip(levels, 1, 16, Format::q4);
    for (size_t i = 0; i < 16; i++) EXPECT_NEAR(y[i], levels[i], 8 * 0x1p-7f);  // the row scale is a bf16
}

TEST(pack, of_zeros_is_zeros) {
    for (const Format f : {Format::f32, Format::f16, Format::q8, Format::q4}) {
        const std::vector<float> zeros(3 * 33, 0.0f);
        EXPECT_EQ(round_trip(zeros, 3, 33, f), zeros);
    }
}

TEST(pack, of_tiny_and_huge_rows_stays_finite) {
    for (const float size : {1e-45f, 1e-38f, 1e-30f, 1e30f, 3.4e38f})
        for (const Format f : {Format::q8, Format::q4}) {
            std::vector<float> x(40, size);
            x[3] = -size / 2;
            for (const float y : round_trip(x, 1, 40, f)) EXPECT_TRUE(std::isfinite(y)) << size;
        }
}

// A fuzzer's find: a scale below the normal floats has no reciprocal, and 0 times infinity became a weight.
TEST(pack, of_rows_too_small_for_a_scale_is_zeros) {
    for (const float size : {1e-45f, 1e-39f, 1e-38f, 1e-37f})
        for (const Format f : {Format::q8, Format::q4}) {
            std::vector<float> x(40, 0.0f);
            x[3] = size;
            const PackedMatrix p = pack_matrix(x.data(), 1, 40, f);
            uint16_t scale;
            std::memcpy(&scale, p.bytes.data() + matrix_layout(f, 1, 40).row_scales, 2);
            EXPECT_EQ(scale, 0) << size;
            EXPECT_EQ(unpack_matrix(p.bytes.data(), 1, 40, f), std::vector<float>(40, 0.0f)) << size;
        }
}

TEST(pack, of_a_row_that_is_not_finite_is_nan_and_leaves_its_neighbours) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
        for (const Format f : {Format::q8, Format::q4}) {
            std::vector<float> x(3 * 40, 1.0f);
            x[40 + 7] = bad;
            const std::vector<float> y = round_trip(x, 3, 40, f);
            for (size_t i = 0; i < 120; i++) EXPECT_EQ(std::isnan(y[i]), i / 40 == 1) << i;
        }
}

TEST(pack, never_stores_an_int8_of_minus_128) {
    Random random(5);
    const std::vector<float> x = random.floats(8 * 64, 1);
    const PackedMatrix q8 = pack_matrix(x.data(), 8, 64, Format::q8), q4 = pack_matrix(x.data(), 8, 64, Format::q4);
    for (size_t i = 0; i < 8 * 64; i++) EXPECT_NE(q8.bytes[i], 0x80);
    for (size_t i = 8 * 64 / 2; i < 8 * 64 / 2 + 16; i++) EXPECT_NE(q4.bytes[i], 0x80);
}

// ---- layout

// A 5 x 18 matrix of q8: rows of 32 stored columns, two blocks of four rows. Row r holds 10 r + 1 in column 0, -(10 r + 2) in
// column 5, 10 r + 3 in column 17, and 127 in column 16, so that its scale is 1.
TEST(layout, of_q8_is_that_of_spec_5_2) {
    std::vector<float> x(5 * 18, 0.0f);
    for (uint32_t r = 0; r < 5; r++) {
        x[r * 18 + 0] = float(10 * r + 1);
        x[r * 18 + 5] = -float(10 * r + 2);
        x[r * 18 + 16] = 127;
        x[r * 18 + 17] = float(10 * r + 3);
    }
    const std::vector<uint8_t> bytes = pack_matrix(x.data(), 5, 18, Format::q8).bytes;
    ASSERT_EQ(bytes.size(), 8u * 32 + 8 * 2);
    std::vector<uint8_t> expected(bytes.size(), 0);
    // Rows 0 to 3: chunk 0 is columns 0-3 of the four rows, chunk 1 columns 4-7, chunk 4 columns 16-19.
    expected[0] = 1, expected[4] = 11, expected[8] = 21, expected[12] = 31;
    expected[17] = uint8_t(-2), expected[21] = uint8_t(-12), expected[25] = uint8_t(-22), expected[29] = uint8_t(-32);
    expected[64] = 127, expected[68] = 127, expected[72] = 127, expected[76] = 127;
    expected[65] = 3, expected[69] = 13, expected[73] = 23, expected[77] = 33;
    // Row 4 begins the second block.
    expected[128] = 41, expected[145] = uint8_t(-42), expected[192] = 127, expected[193] = 43;
    // Scales: bf16 1.0 is 3f80.
    for (size_t r = 0; r < 5; r++) expected[256 + 2 * r] = 0x80, expected[257 + 2 * r] = 0x3f;
    EXPECT_EQ(bytes, expected);
}

// A 5 x 40 matrix of q4: two groups a row, two blocks of four rows.
TEST(layout, of_q4_is_that_of_spec_5_3) {
    const MatrixLayout layout = matrix_layout(Format::q4, 5, 40);
    EXPECT_EQ(layout.group_scales, 8u * 64 / 2);
    EXPECT_EQ(layout.row_scales, 256u + 8 * 2);
    EXPECT_EQ(layout.bytes, 256u + 16 + 16);
    // Bytes by hand: the weight is nibble - 8. Row 1, column 2 (low nibble) and column 18 (high) share byte 0 + 4 + 2;
    // column 33 (group 1, in-group 1) is the low nibble of byte 64 + 4 + 1; row 4, column 0 is byte 128.
    std::vector<uint8_t> bytes(layout.bytes, 0);
    for (size_t i = 0; i < 256; i++) bytes[i] = 0x88;
    bytes[6] = 0xf9;    // 1 below, 7 above
    bytes[69] = 0x80;   // -8
    bytes[128] = 0x8a;  // 2
    bytes[256 + 1] = 3, bytes[256 + 4 + 1] = uint8_t(-5), bytes[256 + 8] = 100;  // row 1: groups 0 and 1; row 4: group 0
    for (size_t r = 0; r < 5; r++) bytes[272 + 2 * r] = 0x00, bytes[273 + 2 * r] = 0x40;  // 2.0
    std::vector<float> expected(5 * 40, 0.0f);
    expected[40 + 2] = 1 * 3 * 2;
    expected[40 + 18] = 7 * 3 * 2;
    expected[40 + 33] = -8 * -5 * 2;
    expected[160] = 2 * 100 * 2;
    EXPECT_EQ(unpack_matrix(bytes.data(), 5, 40, Format::q4), expected);
}

TEST(layout, pads_with_zeros) {
    Random random(6);
    for (uint32_t rows = 1; rows <= 5; rows++)
        for (uint32_t cols = 1; cols <= 40; cols += 3) {
            const std::vector<float> x = random.floats(size_t(rows) * cols, 1);
            const std::vector<uint8_t> q8 = pack_matrix(x.data(), rows, cols, Format::q8).bytes;
            const uint32_t stored = (cols + 15) / 16 * 16;
            for (uint32_t r = 0; r < (rows + 3) / 4 * 4; r++)
                for (uint32_t c = 0; c < stored; c++)
                    if (r >= rows || c >= cols) {
                        ASSERT_EQ(q8[(r / 4) * 4 * stored + (c / 4) * 16 + (r % 4) * 4 + c % 4], 0) << r << " " << c;
                    }
            // q4: the weight zero is the nibble 8; padded rows have group scales and row scales of zero.
            const std::vector<uint8_t> q4 = pack_matrix(x.data(), rows, cols, Format::q4).bytes;
            const uint32_t stored4 = (cols + 31) / 32 * 32, padded = (rows + 3) / 4 * 4;
            const MatrixLayout layout = matrix_layout(Format::q4, rows, cols);
            for (uint32_t r = 0; r < padded; r++) {
                for (uint32_t c = 0; c < stored4; c++) {
                    if (r < rows && c < cols) continue;
                    const uint8_t byte = q4[(r / 4) * 2 * stored4 + c / 32 * 64 + c % 16 / 4 * 16 + (r % 4) * 4 + c % 4];
                    ASSERT_EQ(c % 32 < 16 ? byte & 15 : byte >> 4, 8) << r << " " << c << " of " << rows << "x" << cols;
                }
                for (uint32_t g = 0; r >= rows && g < stored4 / 32; g++)
                    ASSERT_EQ(q4[layout.group_scales + ((r / 4) * (stored4 / 32) + g) * 4 + r % 4], 0);
                if (r >= rows) {
                    ASSERT_EQ(q4[layout.row_scales + 2 * r] | q4[layout.row_scales + 2 * r + 1], 0);
                }
            }
        }
}

TEST(layout, has_the_bytes_that_spec_says) {
    // q4: 4.25 + 16 / n bits a weight.
    const MatrixLayout l = matrix_layout(Format::q4, 64, 256);
    EXPECT_EQ(double(l.bytes) * 8 / (64 * 256), 4.25 + 16.0 / 256);
    EXPECT_EQ(matrix_layout(Format::q8, 64, 256).bytes, 64u * 256 + 64 * 2);
    EXPECT_EQ(matrix_layout(Format::q8, 1, 1).bytes, 4u * 16 + 8);
    EXPECT_EQ(matrix_layout(Format::f16, 3, 5).bytes, 30u);
    EXPECT_EQ(matrix_layout(Format::f32, 3, 5).bytes, 60u);
    EXPECT_EQ(matrix_layout(Format::u32, 1, 4).bytes, 16u);
}

// ---- files

TEST(pack_model, gives_the_same_bytes_for_the_same_model) {
    for (const char* formats : {"f32", "f16", "q8", "q4", "q4,embedding=q8,ffn=f16"}) {
        const std::vector<uint8_t> a = testing::packed_file(tools::random_model("qwen3:dim=32,layers=2,heads=2,vocab=300", 3), formats);
        EXPECT_EQ(a, testing::packed_file(tools::random_model("qwen3:dim=32,layers=2,heads=2,vocab=300", 3), formats));
        EXPECT_NE(a, testing::packed_file(tools::random_model("qwen3:dim=32,layers=2,heads=2,vocab=300", 4), formats));
    }
}

TEST(pack_model, puts_every_tensor_where_the_directory_says) {
    const tools::Weights w = tools::random_model("gpt2:dim=24,layers=2,heads=2,vocab=40,context=16,tied=0", 3);
    const testing::TestModel m = testing::open_test_model(testing::packed_file(w, "f32"));
    ASSERT_EQ(m.model.directory_count, w.tensors.size());
    for (const auto& [key, tensor_on_host] : w.tensors) {
        const Matrix found = tensor(m.model, key.first, key.second);
        ASSERT_TRUE(bool(found));
        EXPECT_EQ(found.rows, tensor_on_host.rows);
        EXPECT_EQ(found.cols, tensor_on_host.cols);
        EXPECT_EQ(std::memcmp(found.data, tensor_on_host.values().data(), tensor_on_host.count() * 4), 0);
        EXPECT_EQ((found.data - m.image.data()) % 64, 0);
    }
    EXPECT_FALSE(bool(tensor(m.model, Role::gate, 0)));
    EXPECT_FALSE(bool(tensor(m.model, Role::q, 2)));
}

}  // namespace
}  // namespace mote
