// options: the kinds of option that several verbs share.
#include "base/arguments.h"
#include "base/error.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

std::string first_name(const std::string& names) { return names.substr(0, names.find(',')); }

// CLI11 prints what a validator returns; a refusal's text is enough.
template <class Parse>
std::string message_of(Parse parse) {
    try {
        parse();
        return "";
    } catch (const Failure& e) {
        const std::string text = e.what();
        return text.substr(text.find(": ") + 2);
    }
}

template <class T, class Parse>
CLI::Option* add_number(CLI::App& verb, const std::string& names, T& value, const std::string& help, const char* type, Parse parse) {
    const std::string name = first_name(names);
    return verb
        .add_option_function<std::string>(
            names, [&value, name, parse](const std::string& text) { value = parse(name, text); }, help)
        ->type_name(type)
        ->check([name, parse](const std::string& text) { return message_of([&] { parse(name, text); }); });
}

}  // namespace

CLI::Option* add_count(CLI::App& verb, const std::string& names, uint32_t& value, const std::string& help) {
    return add_number(verb, names, value, help, "N", [](const std::string& name, const std::string& text) { return parse_u32(name, text); });
}

CLI::Option* add_real(CLI::App& verb, const std::string& names, float& value, const std::string& help) {
    return add_number(verb, names, value, help, "X", [](const std::string& name, const std::string& text) { return parse_float(name, text); });
}

CLI::Option* add_cache_format(CLI::App& verb, std::string& value) {
    return verb.add_option("--kv", value, "format of the KV cache: f32, f16 or q8 (default q8)")->check(CLI::IsMember({"f32", "f16", "q8"}));
}

}  // namespace mote::tools
