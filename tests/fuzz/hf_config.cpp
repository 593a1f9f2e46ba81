// hf_config: a config.json beside sound weights.
#include "import/import.h"
#include "make_checkpoint.h"
#include "pack/pack.h"
#include "scratch_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 14) return 0;
    static const std::string folder = [] {
        const std::string weights = testing::safetensors(testing::tiny_llama().tensors);
        fuzz::scratch().write("model.safetensors", reinterpret_cast<const uint8_t*>(weights.data()), weights.size());
        return fuzz::scratch().path();
    }();
    fuzz::scratch().write("config.json", data, size);
    fuzz::expect_answer([] {
        const tools::Weights w = tools::import_checkpoint(folder);
        std::vector<std::string> notes;
        tools::pack_model(w, tools::parse_formats("f32"), notes);
    });
    return 0;
}
