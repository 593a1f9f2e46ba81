// tiktoken: rank files; none that is short enough to mutate is of a known size, so that each ends in a refusal.
#include "fuzz_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size > 1u << 16) return 0;
    mote::fuzz::import_and_use(mote::fuzz::scratch().write("ranks.tiktoken", data, size));
    return 0;
}
