// shards: the index of a model in two files, which are sound.
#include "import/checkpoint.h"
#include "make_checkpoint.h"
#include "scratch_folder.h"

namespace {

void write_shards() {
    using namespace mote;
    testing::Tensors first = testing::tiny_llama().tensors;
    testing::Tensors second{*first.begin()};
    first.erase(first.begin());
    for (const auto& [name, tensors] : {std::make_pair("1.safetensors", first), std::make_pair("2.safetensors", second)}) {
        const std::string bytes = testing::safetensors(tensors);
        fuzz::scratch().write(name, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 14) return 0;
    static const bool written = (write_shards(), true);
    if (!written) return 0;
    fuzz::scratch().write("model.safetensors.index.json", data, size);
    fuzz::expect_answer([] {
        for (const auto& entry : tools::read_checkpoint(fuzz::scratch().path()).tensors)
            if (entry.first.empty()) return;
    });
    return 0;
}
