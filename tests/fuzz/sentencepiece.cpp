// sentencepiece: SentencePiece models, packed and used.
#include "fuzz_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size > 1u << 16) return 0;
    const std::string path = mote::fuzz::scratch().write("tokenizer.model", data, size);
    mote::fuzz::import_and_use(path);
    return 0;
}
