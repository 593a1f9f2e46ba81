// safetensors: the header's tensors, all read as floats.
#include "import/safetensors.h"

#include "stored_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 16) return 0;
    const std::string path = fuzz::scratch().write("model.safetensors", data, size);
    fuzz::expect_answer([&] { fuzz::read_all(tools::read_safetensors(path), size); });
    return 0;
}
