// Files in memory.
#include <gtest/gtest.h>
#include <sanitizer/asan_interface.h>

#include "base/files.h"
#include "make_checkpoint.h"

#if defined(__SANITIZE_ADDRESS__)
#define MOTE_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MOTE_HAS_ASAN 1
#endif
#endif

namespace mote::tools {
namespace {

// Parsers that read on behind the end of a file find zeros there, which no test would see.
TEST(mapped_file, ends_where_the_file_ends_for_the_address_sanitizer) {
#ifndef MOTE_HAS_ASAN
    GTEST_SKIP() << "built without the address sanitizer";
#else
    const testing::TemporaryFolder folder;
    for (const size_t size : {1u, 7u, 8u, 13u, 4095u, 4097u}) {
        const MappedFile file(folder.write("a", std::string(size, 'a')));
        EXPECT_EQ(__asan_region_is_poisoned(const_cast<uint8_t*>(file.data()), size), nullptr) << size;
        EXPECT_EQ(__asan_address_is_poisoned(file.data() + size) != 0, size % 4096 != 0) << size;
    }
    const MappedFile whole(folder.write("b", std::string(4096, 'b')));  // where a smaller one was
    EXPECT_EQ(__asan_region_is_poisoned(const_cast<uint8_t*>(whole.data()), 4096), nullptr);
#endif
}

}  // namespace
}  // namespace mote::tools
