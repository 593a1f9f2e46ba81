// tokenizer_config: what lies beside a sound tokenizer.json. With a byte 0 between them: tokenizer_config.json,
// special_tokens_map.json, generation_config.json, chat_template.jinja; those that are missing or empty are not there.
#include <algorithm>

#include "fuzz_tokenizer.h"
#include "make_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 14) return 0;
    static const std::string tokenizer = [] {
        const std::string json = testing::marked_tokenizer().dump();
        return fuzz::scratch().write("tokenizer.json", reinterpret_cast<const uint8_t*>(json.data()), json.size());
    }();
    const uint8_t* const end = data + size;
    for (const char* name : {"tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "chat_template.jinja"}) {
        const uint8_t* const part_end = std::find(data, end, uint8_t(0));
        if (part_end == data)
            ::unlink((fuzz::scratch().path() + "/" + name).c_str());
        else
            fuzz::scratch().write(name, data, size_t(part_end - data));
        data = part_end == end ? end : part_end + 1;
    }
    fuzz::import_and_use(tokenizer);
    return 0;
}
