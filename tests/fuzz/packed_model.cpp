// packed_model: a .mote file with checksums that fit, read by the host program and unpacked to floats.
#include "export/unpack.h"
#include "scratch_folder.h"
#include "support/models.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size < sizeof(FileHeader) || size > 1u << 16) return 0;
    testing::AlignedBytes image(size);
    std::memcpy(image.data(), data, size);
    FileHeader& h = *reinterpret_cast<FileHeader*>(image.data());
    std::memcpy(h.magic, file_magic, sizeof h.magic);
    h.total_bytes = size;
    testing::reseal(image.data(), size);
    const std::string path = fuzz::scratch().write("m.mote", image.data(), size);
    fuzz::expect_answer([&] {
        const tools::Weights weights = tools::unpack_model(path);
        for (const auto& entry : weights.tensors)
            if (entry.second.values().size() != entry.second.count()) std::abort();
    });
    return 0;
}
