// pickle: the stack machine alone.
#include "import/pickle.h"

#include "scratch_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 16) return 0;
    fuzz::expect_answer([&] { tools::Pickle(std::string_view(reinterpret_cast<const char*>(data), size), "data.pkl", 0); });
    return 0;
}
