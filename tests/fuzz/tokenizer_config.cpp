// tokenizer_config: what lies beside a sound tokenizer.json. With a byte 0 between them: tokenizer_config.json,
// special_tokens_map.json, generation_config.json, chat_template.jinja.
#include "fuzz_tokenizer.h"
#include "make_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 14) return 0;
    static const std::string tokenizer = [] {
        const std::string json = testing::marked_tokenizer().dump();
        return fuzz::scratch().write("tokenizer.json", reinterpret_cast<const uint8_t*>(json.data()), json.size());
    }();
    fuzz::scratch().write_parts(
        {"tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "chat_template.jinja"}, data, size);
    fuzz::import_and_use(tokenizer);
    return 0;
}
