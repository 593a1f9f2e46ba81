// Zip files that lie, one number at a time.
#include <gtest/gtest.h>

#include "import/zip.h"
#include "make_torch.h"
#include "refusal.h"

namespace mote::tools {
namespace {

using namespace mote::testing;

std::map<std::string, ZipRecord> records_of(const std::string& bytes) {
    const TemporaryFolder folder;
    return read_zip(MappedFile(folder.write("a.zip", bytes)));
}

// Two records; the numbers of their directory, by place in its entries, and of its end.
constexpr size_t entry_bytes = 46 + 3, end_bytes = 22;

std::string two_records() { return zip({{"a/1", "first"}, {"a/2", "second"}}); }

template <class T>
std::string changed(size_t from_end, T value) {
    std::string bytes = two_records();
    std::memcpy(&bytes[bytes.size() - from_end], &value, sizeof value);
    return bytes;
}

// `at` in the entry of the first or second record.
template <class T>
std::string in_entry(size_t record, size_t at, T value) {
    return changed(end_bytes + (2 - record) * entry_bytes - at, value);
}

TEST(zip, finds_records_by_the_directory) {
    const auto records = records_of(two_records());
    ASSERT_EQ(records.size(), 2u);
    EXPECT_EQ(two_records().substr(size_t(records.at("a/2").begin), size_t(records.at("a/2").bytes)), "second");
}

TEST(zip, refuses_sizes_that_lie) {
    expect_refusal("E_SYNTAX", {"a/1", "two sizes differ"}, [] { records_of(in_entry(0, 24, uint32_t{4})); });
    std::string large = in_entry(1, 20, uint32_t{1000});
    std::memcpy(&large[large.size() - end_bytes - entry_bytes + 24], "\xe8\x03\0\0", 4);
    expect_refusal("E_RANGE", {"a/2", "1000 bytes reach"}, [&] { records_of(large); });
    std::string shared = in_entry(0, 20, uint32_t{40});
    std::memcpy(&shared[shared.size() - end_bytes - 2 * entry_bytes + 24], "\x28\0\0\0", 4);
    expect_refusal("E_OVERLAP", {"a/2", "shares bytes with a/1"}, [&] { records_of(shared); });
}

TEST(zip, refuses_a_directory_of_another_length) {
    expect_refusal("E_TRAILING", {"49 bytes behind"}, [] { records_of(changed(end_bytes - 10, uint16_t{1})); });
    expect_refusal("E_SYNTAX", {"no entry"}, [] { records_of(changed(end_bytes - 10, uint16_t{3})); });
    expect_refusal("E_TRUNC", {"beyond the zip directory"}, [] { records_of(in_entry(1, 32, uint16_t{100})); });
    expect_refusal("E_RANGE", {"not inside the file"}, [] { records_of(changed(end_bytes - 16, uint32_t{100000})); });
    expect_refusal("E_UNSUPPORTED", {"several parts"}, [] { records_of(changed(end_bytes - 4, uint16_t{1})); });
}

TEST(zip, refuses_records_that_are_not_where_they_should_be) {
    expect_refusal("E_RANGE", {"a/1", "no record begins at byte 7"}, [] { records_of(in_entry(0, 42, uint32_t{7})); });
    std::string renamed = two_records();
    renamed[renamed.find("a/1")] = 'b';
    expect_refusal("E_SYNTAX", {"a/1", "another name"}, [&] { records_of(renamed); });
    expect_refusal("E_UTF8", {"name of a record"}, [] { records_of(zip({{"a/\xff", "x"}})); });
}

TEST(zip, reads_a_64_bit_directory) {
    const auto with = [](uint64_t offset_error, uint32_t part) {
        const std::string plain = two_records(), end = plain.substr(plain.size() - end_bytes);
        const uint64_t directory = plain.size() - end_bytes - 2 * entry_bytes, end64 = plain.size() - end_bytes;
        return plain.substr(0, end64) + "PK\x06\x06" + bytes_of(uint64_t{44}) + bytes_of(uint32_t{45}) + bytes_of(part) +
               bytes_of(part) + bytes_of(uint64_t{2}) + bytes_of(uint64_t{2}) + bytes_of(uint64_t{2 * entry_bytes}) +
               bytes_of(directory) + "PK\x06\x07" + bytes_of(uint32_t{0}) + bytes_of(end64 + offset_error) + bytes_of(uint32_t{1}) +
               end;
    };
    EXPECT_EQ(records_of(with(0, 0)).size(), 2u);
    expect_refusal("E_SYNTAX", {"no 64-bit directory"}, [&] { records_of(with(1, 0)); });
    expect_refusal("E_SYNTAX", {"no 64-bit directory"}, [&] { records_of(with(uint64_t{1} << 63, 0)); });
    expect_refusal("E_UNSUPPORTED", {"several parts"}, [&] { records_of(with(0, 1)); });
}

}  // namespace
}  // namespace mote::tools
