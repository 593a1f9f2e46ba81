// shared_data: real files that lie beside the repository. Tests that need one are skipped where it is absent.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace mote::testing {

inline std::string shared_data(const std::string& name) {
    const char* folder = std::getenv("MOTE_SHARED_DATA");
    return std::string(folder ? folder : MOTE_SHARED_DATA) + "/" + name;
}

inline std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace mote::testing

#define MOTE_NEEDS(name) \
    if (!std::filesystem::exists(mote::testing::shared_data(name))) GTEST_SKIP() << name << " is absent"
