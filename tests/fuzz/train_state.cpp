// train_state: the state of a training run beside sound weights, as it comes and with the checksum made to fit.
#include "train/checkpoint.h"

#include "base/files.h"
#include "make_checkpoint.h"
#include "mote/model.h"
#include "scratch_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 14) return 0;
    static const std::string folder = [] {
        const testing::HfModel model = testing::tiny_llama();
        for (const auto& [name, bytes] : {std::make_pair("config.json", model.config.dump()),
                                          std::make_pair("model.safetensors", testing::safetensors(model.tensors))})
            fuzz::scratch().write(name, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
        return fuzz::scratch().path();
    }();
    const auto load = [](const std::vector<uint8_t>& bytes) {
        fuzz::scratch().write("train_state", bytes.data(), bytes.size());
        fuzz::expect_answer([] { tools::load_step(folder); });
    };
    std::vector<uint8_t> bytes(data, data + size);
    load(bytes);
    if (size < 4) return 0;
    const uint32_t crc = crc32(0, bytes.data(), size - 4);
    std::memcpy(bytes.data() + size - 4, &crc, 4);
    load(bytes);
    return 0;
}
