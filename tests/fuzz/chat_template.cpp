// chat_template: a template in Jinja; the data that it becomes, written as Jinja, becomes the same data.
#include "chat/reduce.h"
#include "chat/write_jinja.h"

#include "scratch_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 14) return 0;
    const std::string_view jinja(reinterpret_cast<const char*>(data), size);
    const tools::JinjaTexts known{"<s>", "</s>"};
    const tools::ChatReduction reduced = tools::reduce_chat_template(jinja, known);
    if (!reduced.chat && reduced.why.empty()) std::abort();
    if (!reduced.chat) return 0;
    for (const std::string& part : reduced.chat->parts)
        if (part.size() > size + 64) std::abort();  // nothing is run, so nothing grows
    const tools::ChatReduction again = tools::reduce_chat_template(tools::chat_jinja(*reduced.chat), known);
    if (!again.chat || again.chat->parts != reduced.chat->parts || again.chat->flags != reduced.chat->flags) std::abort();
    return 0;
}
