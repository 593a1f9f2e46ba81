// safetensors: the header's tensors, all read as floats.
#include "import/safetensors.h"

#include "scratch_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 16) return 0;
    const std::string path = fuzz::scratch().write("model.safetensors", data, size);
    fuzz::expect_answer([&] {
        for (const auto& [name, tensor] : tools::read_safetensors(path)) {
            if (tensor.begin > tensor.end || tensor.end > size) std::abort();
            fuzz::expect_answer([&, &name = name, &tensor = tensor] {
                if (tensor.floats(name).size() != tensor.elements) std::abort();
            });
        }
    });
    return 0;
}
