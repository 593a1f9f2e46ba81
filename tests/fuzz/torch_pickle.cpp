// torch_pickle: a pickle in a sound zip file, whose checksums would stop most of its mutations, with the storages 0 and 1.
#include "import/torch.h"
#include "make_torch.h"
#include "stored_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 14) return 0;
    const std::string pickle(reinterpret_cast<const char*>(data), size);
    const std::string file =
        testing::zip({{"a/data.pkl", pickle}, {"a/data/0", std::string(24, '\1')}, {"a/data/1", std::string(16, '\2')}});
    const std::string path = fuzz::scratch().write("model.pt", reinterpret_cast<const uint8_t*>(file.data()), file.size());
    fuzz::expect_answer(
        [&] { fuzz::read_all(tools::read_torch(std::make_shared<const tools::MappedFile>(path)).tensors, file.size()); });
    return 0;
}
