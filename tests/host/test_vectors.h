// test_vectors: llama.cpp's texts and token ids.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "shared_data.h"

namespace mote::testing {

struct TestVector {
    std::string text;
    std::vector<uint32_t> ids;
};

/// Texts apart by a line of their own in NAME.inp, a line of ids each in NAME.out.
inline std::vector<TestVector> read_vectors(const std::string& name) {
    const std::string separator = "\n__ggml_vocab_test__\n";
    const std::string texts = read_file(shared_data(name + ".inp"));
    std::istringstream lines(read_file(shared_data(name + ".out")));
    std::vector<TestVector> vectors;
    for (size_t begin = 0, end; (end = texts.find(separator, begin)) != std::string::npos; begin = end + separator.size()) {
        TestVector vector{texts.substr(begin, end - begin), {}};
        std::string line;
        std::getline(lines, line);
        std::istringstream words(line);
        for (uint32_t id; words >> id;) vector.ids.push_back(id);
        vectors.push_back(vector);
    }
    return vectors;
}

}  // namespace mote::testing
