// torch: a zip file with its pickle, and every tensor read.
#include "import/torch.h"

#include "stored_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 16) return 0;
    const std::string path = fuzz::scratch().write("model.pt", data, size);
    fuzz::expect_answer([&] { fuzz::read_all(tools::read_torch(std::make_shared<const tools::MappedFile>(path)).tensors, size); });
    return 0;
}
