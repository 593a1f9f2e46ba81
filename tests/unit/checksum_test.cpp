// checksum: CRC-32 as its definition has it, bit by bit, for every length and alignment.
#include <gtest/gtest.h>

#include <numeric>

#include "mote/model.h"
#include "support/random.h"

namespace mote {
namespace {

uint32_t crc_by_bits(const uint8_t* p, size_t bytes) {
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < bytes * 8; i++) {
        crc ^= uint32_t(p[i / 8] >> (i % 8) & 1);
        crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0u);
    }
    return ~crc;
}

TEST(checksum, is_crc32_of_any_length_at_any_alignment) {
    testing::Random random(1);
    std::vector<uint8_t> bytes(5000);
    for (uint8_t& b : bytes) b = uint8_t(random.next());
    for (size_t length = 0; length <= 400; length++)
        for (size_t begin : {size_t(0), size_t(1), size_t(7), length % 16}) ASSERT_EQ(crc32(0, &bytes[begin], length), crc_by_bits(&bytes[begin], length));
    EXPECT_EQ(crc32(0, bytes.data(), bytes.size()), crc_by_bits(bytes.data(), bytes.size()));
}

TEST(checksum, goes_on_from_any_place) {
    std::vector<uint8_t> bytes(1000);
    std::iota(bytes.begin(), bytes.end(), uint8_t(0));
    for (size_t cut = 0; cut <= bytes.size(); cut += 13)
        ASSERT_EQ(crc32(crc32(0, bytes.data(), cut), &bytes[cut], bytes.size() - cut), crc_by_bits(bytes.data(), bytes.size()));
}

}  // namespace
}  // namespace mote
