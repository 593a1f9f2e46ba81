// json: every value of a text, by what refuses and by what reads.
#include "base/json.h"

#include "scratch_folder.h"

namespace {

void visit(const mote::tools::JsonView& view) {
    using mote::fuzz::expect_answer;
    expect_answer([&] { (void)view.integer(1000); });
    expect_answer([&] { (void)view.number(); });
    expect_answer([&] { (void)view.text(); });
    expect_answer([&] { (void)view.boolean(); });
    if (view.value().is_object())
        for (const auto& entry : view.value().items()) visit(view.at(entry.key()));
    if (view.value().is_array())
        for (size_t i = 0; i < view.value().size(); i++) visit(view.element(i));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mote;
    if (size > 1u << 14) return 0;
    fuzz::expect_answer([&] {
        const tools::Json json = tools::parse_json({reinterpret_cast<const char*>(data), size}, "a.json");
        visit(tools::JsonView(json, "a.json"));
    });
    return 0;
}
