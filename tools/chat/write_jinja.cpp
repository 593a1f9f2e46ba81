// write_jinja: one branch a role, and the system's text in front of the first turn where the data has it there.
#include "chat/write_jinja.h"

namespace mote::tools {
namespace {

class JinjaWriter {
public:
    explicit JinjaWriter(const ChatTemplate& chat) : chat_(chat) {}

    std::string write() {
        if (chat_.flags & chat_system_inside) write_inside();
        else write_roles();
        if (!part(ChatPart::generation).empty()) out_ += "{% if add_generation_prompt %}" + put(ChatPart::generation) + "{% endif %}";
        return out_;
    }

private:
    const std::string& part(ChatPart which) const { return chat_.parts[uint32_t(which)]; }
    bool trims(uint32_t flag) const { return chat_.flags & flag; }

    static std::string quoted(const std::string& text) {
        std::string out = "'";
        for (const char c : text) {
            if (c == '\\' || c == '\'') out += '\\';
            out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : std::string(1, c);
        }
        return out + "'";
    }

    std::string put(ChatPart which) const { return part(which).empty() ? "" : "{{ " + quoted(part(which)) + " }}"; }

    std::string sum(ChatPart prefix, const std::string& said, ChatPart suffix) const {
        const std::string before = part(prefix).empty() ? "" : quoted(part(prefix)) + " + ";
        return before + said + (part(suffix).empty() ? "" : " + " + quoted(part(suffix)));
    }

    void write_turn(const std::string& keyword, const char* role, ChatPart prefix, const std::string& said, bool trimmed, ChatPart suffix) {
        out_ += "{% " + keyword + " message['role'] == '" + role + "' %}{{ " + sum(prefix, said + (trimmed ? " | trim" : ""), suffix) + " }}";
    }

    void write_roles() {
        const std::string said = "message['content']";
        out_ += put(ChatPart::begin) + "{% for message in messages %}";
        if (!part(ChatPart::without_system).empty())
            out_ += "{% if loop.first and messages[0]['role'] != 'system' %}" + put(ChatPart::without_system) + "{% endif %}";
        const bool system = !(chat_.flags & chat_refuses_system);
        if (system) write_turn("if", "system", ChatPart::system_prefix, said, trims(chat_trims_system), ChatPart::system_suffix);
        write_turn(system ? "elif" : "if", "user", ChatPart::user_prefix, said, trims(chat_trims_turns), ChatPart::user_suffix);
        write_turn("elif", "assistant", ChatPart::assistant_prefix, said, trims(chat_trims_turns), ChatPart::assistant_suffix);
        if (!system) out_ += "{% else %}{{ raise_exception('There is no place for a system text.') }}";
        out_ += "{% endif %}{% endfor %}";
    }

    void write_inside() {
        const std::string system = std::string("messages[0]['content']") + (trims(chat_trims_system) ? " | trim" : "");
        out_ += put(ChatPart::begin) + "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = " +
                sum(ChatPart::system_prefix, system, ChatPart::system_suffix) + " %}{% else %}" + put(ChatPart::without_system) +
                "{% set loop_messages = messages %}{% set system_message = '' %}{% endif %}{% for message in loop_messages %}"
                "{% if loop.index0 == 0 %}{% set content = system_message + message['content'] %}"
                "{% else %}{% set content = message['content'] %}{% endif %}";
        write_turn("if", "user", ChatPart::user_prefix, "content", trims(chat_trims_turns), ChatPart::user_suffix);
        write_turn("elif", "assistant", ChatPart::assistant_prefix, "content", trims(chat_trims_turns), ChatPart::assistant_suffix);
        out_ += "{% endif %}{% endfor %}";
    }

    const ChatTemplate& chat_;
    std::string out_{};
};

}  // namespace

std::string chat_jinja(const ChatTemplate& chat) { return JinjaWriter(chat).write(); }

std::string written_chat_template(const TokenizerModel& model) {
    if (model.chat_source) return *model.chat_source;
    return model.chat ? chat_jinja(*model.chat) : "";
}

}  // namespace mote::tools
