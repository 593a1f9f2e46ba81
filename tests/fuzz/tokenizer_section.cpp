// tokenizer_section: two bytes of length, a text, and the section that encodes it.
#include <cstring>
#include <string>
#include <vector>

#include "support/exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size < 2 || size > 1u << 16) return 0;
    const size_t wanted = data[0] | size_t(data[1]) << 8, length = wanted < size - 2 ? wanted : size - 2;
    const std::string text(reinterpret_cast<const char*>(data + 2), length);
    const testing::ExactBytes section(data + 2 + length, size - 2 - length);
    const Result<Tokenizer> t = open_tokenizer(section.data(), section.size());
    if (!t.ok()) return 0;
    if (testing::exercise_tokenizer(t.value) == SIZE_MAX) __builtin_trap();
    std::vector<uint32_t> scratch(encode_scratch(t.value, length).value / 4), tokens(encode_limit(t.value, length));
    for (const bool special : {false, true}) {
        EncodeOptions options;
        options.parse_special = special;
        const Result<size_t> count =
            encode(t.value, {text.data(), length}, options, {reinterpret_cast<uint8_t*>(scratch.data()), scratch.size() * 4},
                   {tokens.data(), tokens.size()});
        if (!count.ok()) continue;
        for (size_t i = 0; i < count.value; i++)
            if (tokens[i] >= t.value.vocab) __builtin_trap();
    }
    return 0;
}
