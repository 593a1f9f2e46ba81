// Blocks of every GGUF type, against values that make_ggml_blocks.py computed from the description of the layouts.
#include "gguf/ggml_type.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "shared_data.h"

namespace mote::tools {
namespace {

using Bytes = std::vector<uint8_t>;

struct Expected {
    uint32_t id;
    const char* name;
    float first[8];
    uint64_t hash;
};
constexpr Expected expected_types[] = {
#include "ggml_blocks.inc"
};

Bytes random_bytes(size_t count, uint32_t seed) {
    Bytes bytes;
    for (uint32_t state = seed; bytes.size() < count;) {
        state = (state * 1103515245u + 12345u) & 0x7fffffffu;
        bytes.push_back(uint8_t(state >> 16));
    }
    return bytes;
}

// Where a block has its float16 scales, which are made sound.
std::vector<size_t> scale_places(uint32_t id) {
    switch (id) {
        case 3: case 7: case 12: case 13: return {0, 2};
        case 10: return {80, 82};
        case 11: return {108};
        case 14: return {208};
        case 15: return {};
        default: return {0};
    }
}

Bytes block_of(const GgmlType& type, uint32_t number) {
    Bytes block = random_bytes(type.bytes, 1000 * type.id + number);
    uint8_t lowest = 0x2c;
    for (const size_t at : scale_places(type.id)) {
        block[at + 1] = uint8_t(lowest + block[at + 1] % 8);
        lowest = uint8_t(lowest + 4);
    }
    const float scale = 0.0078125f * float(number + 1);
    if (type.id == 15) std::memcpy(block.data(), &scale, sizeof scale);
    return block;
}

uint64_t fnv(const std::vector<float>& values) {
    uint64_t hash = 0xcbf29ce484222325u;
    const uint8_t* bytes = reinterpret_cast<const uint8_t*>(values.data());
    for (size_t i = 0; i < values.size() * sizeof(float); i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

std::vector<float> decoded(const GgmlType& type, const Bytes& bytes) {
    const size_t blocks = bytes.size() / type.bytes;
    std::vector<float> values(blocks * type.elements);
    type.decode(bytes.data(), blocks, values.data());
    return values;
}

TEST(ggml_type, blocks_decode_to_the_bits_of_their_definition) {
    for (const Expected& expected : expected_types) {
        const GgmlType* type = find_ggml_type(expected.id);
        ASSERT_TRUE(type);
        EXPECT_STREQ(type->name, expected.name);
        Bytes bytes;
        for (uint32_t number = 0; number < 3; number++) {
            const Bytes block = block_of(*type, number);
            bytes.insert(bytes.end(), block.begin(), block.end());
        }
        const std::vector<float> values = decoded(*type, bytes);
        for (size_t i = 0; i < 8; i++) EXPECT_EQ(values[i], expected.first[i]) << expected.name << " " << i;
        EXPECT_EQ(fnv(values), expected.hash) << expected.name;
    }
}

TEST(ggml_type, plain_numbers_become_the_nearest_float) {
    const double wide[] = {1.5, -2.25, 0.1};
    Bytes bytes(sizeof wide);
    std::memcpy(bytes.data(), wide, sizeof wide);
    EXPECT_EQ(decoded(*find_ggml_type(28), bytes), (std::vector<float>{1.5f, -2.25f, 0.1f}));
    EXPECT_EQ(decoded(*find_ggml_type(1), {0x00, 0x3c, 0x01, 0x00}), (std::vector<float>{1, 0x1p-24f}));
    EXPECT_EQ(decoded(*find_ggml_type(30), {0x80, 0x3f, 0x00, 0xc0}), (std::vector<float>{1, -2}));
    EXPECT_EQ(decoded(*find_ggml_type(0), {0, 0, 0x80, 0x3f}), (std::vector<float>{1}));
}

TEST(ggml_type, knows_no_type_that_was_taken_out_of_the_format) {
    for (const uint32_t id : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u, 1000u, 0xffffffffu}) EXPECT_FALSE(find_ggml_type(id)) << id;
}

TEST(ggml_type, knows_the_names_of_types_that_it_does_not_decode) {
    for (const uint32_t id : {9u, 16u, 23u, 24u, 29u, 34u, 39u}) {
        ASSERT_TRUE(find_ggml_type(id)) << id;
        EXPECT_FALSE(find_ggml_type(id)->decode) << id;
        EXPECT_EQ(ggml_type_names().find(find_ggml_type(id)->name), std::string::npos);
    }
}

// Bytes that ggml made from known numbers: they decode to the bits that numpy has, and lie as near as the format allows.
TEST(ggml_type, real_blocks_decode_to_what_was_put_in) {
    const struct {
        const char* name;
        uint32_t id;
        float most;  // the largest error that numpy finds
        uint64_t hash;
    } files[] = {{"q4_0", 2, 0.12f, 0x77c64f2f6a64a530u},
                 {"q4_1", 3, 0.065f, 0x2a5ea4e36f9f315fu},
                 {"q5_0", 6, 0.058f, 0xb612c4e57e670a45u},
                 {"q5_1", 7, 0.033f, 0xb6d87a977f926474u},
                 {"q8_0", 8, 0.0043f, 0xb399aa6a62c0d659u}};
    for (const auto& file : files) {
        const std::string name = std::string("quant/ggml/") + file.name + "_64_noim_";
        MOTE_NEEDS(name + "input.bin");
        const std::string blocks = testing::read_file(testing::shared_data(name + "expected.bin"));
        const std::string input = testing::read_file(testing::shared_data(name + "input.bin"));
        const std::vector<float> values = decoded(*find_ggml_type(file.id), Bytes(blocks.begin(), blocks.end()));
        ASSERT_EQ(values.size() * sizeof(float), input.size());
        for (size_t i = 0; i < values.size(); i++) {
            float original;
            std::memcpy(&original, input.data() + i * sizeof original, sizeof original);
            EXPECT_LE(std::abs(values[i] - original), file.most) << file.name << " " << i;
        }
        EXPECT_EQ(fnv(values), file.hash) << file.name;
    }
}

}  // namespace
}  // namespace mote::tools
