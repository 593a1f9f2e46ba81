// gguf_parts: the second of two files of a model.
#include "gguf/gguf_file.h"
#include "import/gguf.h"
#include "make_gguf.h"
#include "scratch_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 14) return 0;
    static const std::string first = [] {
        testing::GgufBuilder b;
        b.key("split.no", tools::GgufKind::u16, testing::bytes_of(uint16_t{0}))
            .key("split.count", tools::GgufKind::u16, testing::bytes_of(uint16_t{2}));
        b.key("split.tensors.count", tools::GgufKind::i32, testing::bytes_of(12));
        testing::add_llama_keys(b);
        const std::string bytes = b.bytes();
        return fuzz::scratch().write("m-00001-of-00002.gguf", reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    }();
    fuzz::scratch().write("m-00002-of-00002.gguf", data, size);
    fuzz::expect_answer([&] {
        const tools::Weights weights = tools::import_gguf(tools::read_gguf_parts(first), tools::Nonfinite::allowed);
        for (const auto& entry : weights.tensors)
            if (entry.second.values().size() != entry.second.count()) std::abort();
    });
    return 0;
}
