// llama2c: a checkpoint of llama2.c, imported and packed.
#include "import/import.h"
#include "pack/pack.h"
#include "scratch_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 16) return 0;
    const std::string path = fuzz::scratch().write("model.bin", data, size);
    fuzz::expect_answer([&] {
        const tools::Weights w = tools::import_checkpoint(path);
        std::vector<std::string> notes;
        tools::pack_model(w, tools::parse_formats("q8"), notes);
    });
    return 0;
}
