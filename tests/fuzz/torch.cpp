// torch: a zip file with its pickle, and every tensor read.
#include "import/torch.h"

#include "scratch_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 16) return 0;
    const std::string path = fuzz::scratch().write("model.pt", data, size);
    fuzz::expect_answer([&] {
        for (const auto& [name, tensor] : tools::read_torch(std::make_shared<const tools::MappedFile>(path)).tensors) {
            if (tensor.begin > tensor.end || tensor.end > size) std::abort();
            fuzz::expect_answer([&, &name = name, &tensor = tensor] {
                if (tensor.floats(name).size() != tensor.elements) std::abort();
            });
        }
    });
    return 0;
}
