// gguf: the container, its model with all values, and its tokenizer.
#include "import/gguf.h"
#include "fuzz_tokenizer.h"
#include "gguf/gguf_file.h"
#include "tokenizer/tokenizer_gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 16) return 0;
    const std::string path = fuzz::scratch().write("model.gguf", data, size);
    fuzz::expect_answer([&] {
        const tools::GgufFile gguf = tools::read_gguf(path);
        for (const auto& entry : gguf.tensors) {
            if (entry.second.begin > size || entry.second.bytes > size - entry.second.begin) std::abort();
            fuzz::expect_answer([&] {
                if (entry.second.floats(entry.first).size() != entry.second.elements) std::abort();
            });
        }
        fuzz::expect_answer([&] {
            const tools::Weights weights = tools::import_gguf(gguf, tools::Nonfinite::allowed);
            for (const auto& entry : weights.tensors)
                if (entry.second.values().size() != entry.second.count()) std::abort();
        });
        fuzz::import_and_use(path);
    });
    return 0;
}
