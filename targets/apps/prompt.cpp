// prompt: arguments | scratch of encode | tokens, and then the tokens alone, moved to the end.
#include "prompt.h"

namespace mote::app {
namespace {

constexpr size_t bos_and_eos = 2;

size_t up(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

Result<size_t> tokens_of_ids(const char* list, Span<uint32_t> tokens) {
    size_t count = 0;
    while (*list) {
        if (count == tokens.count) return Fault{Error::buffer_too_small, 0, tokens.count * 4, (count + 1) * 4};
        if (!next_id(list, tokens[count])) return Fault{Error::argument, count, 0, 0};
        count++;
    }
    return count;
}

Result<size_t> tokens_of_text(const Model& model, const Settings& s, Span<uint8_t> scratch, Span<uint32_t> tokens) {
    EncodeOptions options;
    options.add_special = !s.no_bos;
    options.parse_special = s.special;
    return encode(model.tokenizer, Span<const char>(s.prompt.data, s.prompt.count), options, scratch, tokens);
}

}  // namespace

Result<Span<uint32_t>> prompt_tokens(const Model& model, const Settings& s, size_t used, Span<uint8_t>& memory) {
    const size_t text = up(used, 16);
    Result<size_t> scratch(size_t(0));
    if (!s.prompt_ids) scratch = encode_scratch(model.tokenizer, s.prompt.count);
    if (!scratch.ok()) return scratch.fault;
    const size_t most = s.prompt_ids ? used / 2 + bos_and_eos : encode_limit(model.tokenizer, s.prompt.count);  // an id has a digit and a separator
    const size_t needed = text + up(scratch.value, 16) + up(most * 4, 16);
    if (needed > memory.count) return Fault{Error::buffer_too_small, 0, memory.count, needed};

    const Span<uint32_t> room(reinterpret_cast<uint32_t*>(memory.data + memory.count / 16 * 16 - up(most * 4, 16)), most);
    const Result<size_t> made = s.prompt_ids ? tokens_of_ids(s.prompt_ids, room)
                                             : tokens_of_text(model, s, Span<uint8_t>(memory.data + text, scratch.value), room);
    if (!made.ok()) return made.fault;

    uint32_t* const end = room.data + up(most * 4, 16) / 4;
    uint32_t* const tokens = end - up(made.value * 4, 16) / 4;
    for (size_t i = made.value; i-- > 0;) tokens[i] = room[i];  // towards the end: from the last
    memory.count = size_t(reinterpret_cast<uint8_t*>(tokens) - memory.data);
    return Span<uint32_t>(tokens, made.value);
}

}  // namespace mote::app
