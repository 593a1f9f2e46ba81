// tokenizer_config: what lies beside a sound tokenizer.json and a sound tokenizer.model. With a byte 0 between them:
// tokenizer_config.json, special_tokens_map.json, generation_config.json, chat_template.jinja, added_tokens.json.
#include "fuzz_tokenizer.h"
#include "make_checkpoint.h"
#include "make_protobuf.h"

namespace {

std::string write(const char* name, const std::string& bytes) {
    return mote::fuzz::scratch().write(name, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 14) return 0;
    static const std::string json = write("tokenizer.json", testing::marked_tokenizer().dump());
    static const std::string model = write("tokenizer.model", testing::piece("<unk>", 0, 2) + testing::piece("<s>", 0, 3) +
                                                                  testing::piece("\xe2\x96\x81", -3) + testing::piece("[x]", 0, 4));
    fuzz::scratch().write_parts(
        {"tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "chat_template.jinja", "added_tokens.json"},
        data, size);
    fuzz::import_and_use(json);
    fuzz::import_and_use(model);
    return 0;
}
