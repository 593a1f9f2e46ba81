// vocab_merges: vocab.json and merges.txt, with a byte 0 between them, packed and used.
#include <algorithm>

#include "fuzz_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size > 1u << 16) return 0;
    const uint8_t* const end = data + size;
    const uint8_t* const vocab_end = std::find(data, end, uint8_t(0));
    const uint8_t* const merges = vocab_end == end ? end : vocab_end + 1;
    const std::string path = mote::fuzz::scratch().write("vocab.json", data, size_t(vocab_end - data));
    mote::fuzz::scratch().write("merges.txt", merges, size_t(end - merges));
    mote::fuzz::import_and_use(path);
    return 0;
}
