// vocab_merges: vocab.json and what lies beside it, packed and used. With a byte 0 between them: vocab.json, merges.txt,
// added_tokens.json, tokenizer_config.json.
#include "fuzz_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 16) return 0;
    fuzz::scratch().write_parts({"vocab.json", "merges.txt", "added_tokens.json", "tokenizer_config.json"}, data, size);
    fuzz::import_and_use(fuzz::scratch().path() + "/vocab.json");
    return 0;
}
