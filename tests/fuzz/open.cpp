// open: a .mote file, as it comes and with checksums and size made to fit; what opens is run.
#include "support/exercise.h"
#include "support/models.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 16) return 0;
    const testing::ExactBytes image(data, size);
    (void)!open(image.data(), size).ok();
    (void)image_size(image.data(), size);
    if (size < sizeof(FileHeader)) return 0;
    FileHeader& h = *reinterpret_cast<FileHeader*>(image.data());
    std::memcpy(h.magic, file_magic, sizeof h.magic);
    h.total_bytes = size;
    testing::reseal(image.data(), size);
    const Result<Model> m = open(image.data(), size);
    if (m.ok()) testing::exercise_model(m.value);
    return 0;
}
