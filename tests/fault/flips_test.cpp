// flips: single bits of a file, by accident (refused by checksum) and by design (resealed: refused, or run without harm).
#include <gtest/gtest.h>

#include "support/exercise.h"
#include "support/models.h"
#include "support/random.h"

namespace mote {
namespace {

using testing::AlignedBytes;
using testing::ExactBytes;
using testing::packed_file;
using testing::Random;

// A13, L14
TEST(flips, of_random_bits_of_the_payload_are_all_refused_by_checksum) {
    const std::vector<uint8_t> file = packed_file(tools::random_model("llama:dim=32,layers=2,heads=2,hidden=40,vocab=259,context=16", 1));
    const AlignedBytes bytes(file);
    Random random(1);
    for (int round = 0; round < 10000; round++) {
        const size_t bit = 8 * sizeof(FileHeader) + random.below(8 * (file.size() - sizeof(FileHeader)));
        bytes[bit / 8] ^= uint8_t(1u << bit % 8);
        const Fault f = open(bytes.data(), bytes.size()).fault;
        ASSERT_EQ(f.error, Error::checksum) << bit;
        ASSERT_EQ(f.where, offsetof(FileHeader, payload_crc));
        bytes[bit / 8] ^= uint8_t(1u << bit % 8);
    }
    EXPECT_TRUE(open(bytes.data(), bytes.size()).ok());
}

TEST(crc32, is_that_of_zlib) {
    // The check value of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms.
    EXPECT_EQ(crc32(0, "123456789", 9), 0xcbf43926u);
    EXPECT_EQ(crc32(crc32(0, "1234", 4), "56789", 5), 0xcbf43926u);
    EXPECT_EQ(crc32(0, "", 0), 0u);
}

struct Shape {
    const char* name;
    const char* shape;
    const char* formats;
};

class Resealed : public ::testing::TestWithParam<Shape> {};

// A liar's file: everything in front of the weights, bit by bit, with checksums that fit.
TEST_P(Resealed, flips_in_front_of_the_weights_are_refused_or_harmless) {
    const std::vector<uint8_t> file = packed_file(tools::random_model(GetParam().shape, 1), GetParam().formats);
    const FileHeader& h = *reinterpret_cast<const FileHeader*>(file.data());
    const size_t end = h.directory_offset + h.directory_count * sizeof(TensorRecord) + h.tokenizer_bytes;
    const ExactBytes bytes(file.data(), file.size());
    size_t opened = 0, refused = 0;
    for (size_t bit = 8 * sizeof(FileHeader); bit < 8 * end; bit++) {
        bytes.data()[bit / 8] ^= uint8_t(1u << bit % 8);
        testing::reseal(bytes.data(), bytes.size());
        const Result<Model> m = open(bytes.data(), bytes.size());
        if (m.ok()) testing::exercise_model(m.value);
        (m.ok() ? opened : refused)++;
        bytes.data()[bit / 8] ^= uint8_t(1u << bit % 8);
    }
    EXPECT_GT(refused, 1000u);
    EXPECT_GT(opened, 30u);  // eps, scale, pieces of the tokenizer
}

// Bytes of weights of any kind give logits of any kind, but no access out of bounds and no trap.
TEST_P(Resealed, random_weights_and_tables_are_harmless) {
    const std::vector<uint8_t> file = packed_file(tools::random_model(GetParam().shape, 1), GetParam().formats);
    Random random(2);
    for (int round = 0; round < 300; round++) {
        const ExactBytes bytes(file.data(), file.size());
        Model m = open(bytes.data(), bytes.size()).value;
        const TensorRecord& r = m.directory[random.below(m.directory_count)];
        for (uint64_t i = 0; i < r.bytes; i++)
            if (round % 3 == 0 || random.below(16) == 0) bytes.data()[r.offset + i] = round % 5 == 0 ? 0xff : round % 7 == 0 ? 0x80 : uint8_t(random.next());
        testing::reseal(bytes.data(), bytes.size());
        const Result<Model> opened = open(bytes.data(), bytes.size());
        ASSERT_TRUE(opened.ok());
        testing::exercise_model(opened.value);
    }
}

INSTANTIATE_TEST_SUITE_P(
    files, Resealed,
    ::testing::Values(Shape{"llama_q8", "llama:dim=8,layers=1,heads=2,kv_heads=1,hidden=12,vocab=259,context=6", "q8"},
                      Shape{"gpt2_q4", "gpt2:dim=8,layers=2,heads=1,hidden=8,vocab=20,context=6,tied=0", "q4"},
                      Shape{"qwen3_mixed_group", "qwen3:dim=12,layers=1,heads=2,head_dim=6,hidden=40,vocab=33,context=5,scale=group", "q8,ffn=q4,embedding=f16"},
                      Shape{"qwen2_f32", "qwen2:dim=8,layers=1,heads=1,hidden=8,vocab=20,context=4", "f32"}),
    [](const auto& p) { return p.param.name; });

}  // namespace
}  // namespace mote
