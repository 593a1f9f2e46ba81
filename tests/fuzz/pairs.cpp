// pairs: prompts and completions in lines of JSON.
#include "base/pairs.h"

#include "scratch_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 16) return 0;
    const std::string path = fuzz::scratch().write("pairs.jsonl", data, size);
    fuzz::expect_answer([&] {
        for (const tools::Pair& pair : tools::read_pairs(path))
            if (pair.completion.empty() || pair.line == 0) std::abort();
    });
    return 0;
}
