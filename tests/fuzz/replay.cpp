// replay: drives a fuzz target without libFuzzer: every file of a corpus, then mutations of them, the same on each run.
//   fuzz_NAME CORPUS [MUTATIONS]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using mote::testing::Random;
using Bytes = std::vector<uint8_t>;

std::vector<Bytes> read_corpus(const char* folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.is_regular_file()) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    std::vector<Bytes> corpus;
    for (const auto& path : paths) {
        std::ifstream in(path, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return corpus;
}

uint8_t interesting_byte(Random& random) {
    static const uint8_t bytes[] = {0, 1, 0x7f, 0x80, 0xff, 0x20, '"', '{', '}', '[', ',', '\\', '\n', '0', '-'};
    return bytes[random.below(sizeof bytes)];
}

void mutate_once(Bytes& b, const Bytes& other, Random& random) {
    const size_t at = b.empty() ? 0 : random.below(b.size());
    switch (random.below(b.empty() ? 1 : 8)) {
        case 0:
            b.insert(b.begin() + long(at), interesting_byte(random));
            break;
        case 1:
            b[at] ^= uint8_t(1u << random.below(8));
            break;
        case 2:
            b[at] = interesting_byte(random);
            break;
        case 3:
            b.erase(b.begin() + long(at), b.begin() + long(at + 1 + random.below(std::min<size_t>(16, b.size() - at))));
            break;
        case 4:
            b.resize(at);
            break;
        case 5:  // an integer at its ends
            for (size_t i = at; i < b.size() && i < at + 4; i++) b[i] = random.below(2) ? 0xff : 0;
            break;
        case 6: {  // a stretch said twice
            const Bytes part(b.begin() + long(at), b.begin() + long(std::min(b.size(), at + 1 + random.below(32))));
            b.insert(b.begin() + long(at), part.begin(), part.end());
            break;
        }
        case 7:  // the tail of another
            b.resize(at);
            if (at < other.size()) b.insert(b.end(), other.begin() + long(at), other.end());
            break;
    }
}

void run(const Bytes& input) {
    const Bytes exact(input);  // ends where its allocation ends
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s CORPUS [MUTATIONS]\n", argv[0]);
        return 2;
    }
    const std::vector<Bytes> corpus = read_corpus(argv[1]);
    if (corpus.empty()) {
        std::fprintf(stderr, "%s: there is no corpus\n", argv[1]);
        return 1;
    }
    for (const Bytes& input : corpus) run(input);
    const long mutations = argc > 2 ? std::atol(argv[2]) : 0;
    Random random(1);
    for (long i = 0; i < mutations; i++) {
        Bytes input = corpus[random.below(corpus.size())];
        for (uint64_t n = 1 + random.below(4); n > 0; n--) mutate_once(input, corpus[random.below(corpus.size())], random);
        run(input);
    }
    std::printf("%zu files and %ld mutations\n", corpus.size(), mutations);
}
