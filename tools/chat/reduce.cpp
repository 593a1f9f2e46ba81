// reduce: the shapes of chat templates, and the data that each leaves.
#include "chat/reduce.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"

namespace mote::tools {
namespace {

std::string& part(ChatTemplate& chat, ChatPart which) { return chat.parts[uint32_t(which)]; }

struct Role {
    const char* name;
    ChatPart prefix, suffix;
};
constexpr Role roles[] = {{"system", ChatPart::system_prefix, ChatPart::system_suffix},
                          {"user", ChatPart::user_prefix, ChatPart::user_suffix},
                          {"assistant", ChatPart::assistant_prefix, ChatPart::assistant_suffix}};

// Walks the statements; each take_ either takes what it names or leaves everything as it was.
class Shape {
public:
    explicit Shape(const std::vector<JinjaStatement>& statements) : statements_(statements) {}

    std::optional<ChatTemplate> reduce() {
        const bool fits = take_inside() || take_roles();
        return fits && at_ == statements_.size() ? std::optional<ChatTemplate>(chat_) : std::nullopt;
    }

private:
    bool take(const std::string& head) {
        const bool fits = at_ < statements_.size() && statements_[at_].head == head && statements_[at_].sum.empty();
        at_ += fits;
        return fits;
    }

    // The one text that is put out or assigned.
    bool take_text(const std::string& head, std::string& text) {
        if (at_ >= statements_.size() || statements_[at_].head != head || statements_[at_].sum.size() != 1 || !statements_[at_].sum[0].literal) return false;
        text = statements_[at_++].sum[0].text;
        return true;
    }

    // A sum in which `?` stands for a text that may be missing.
    bool take_sum(const std::string& head, const std::vector<std::string>& names, std::vector<std::string>& texts) {
        if (at_ >= statements_.size() || statements_[at_].head != head) return false;
        const std::vector<JinjaTerm>& sum = statements_[at_].sum;
        std::vector<std::string> found;
        size_t i = 0;
        for (const std::string& name : names) {
            const bool literal = i < sum.size() && sum[i].literal;
            if (name == "?") {
                found.push_back(literal ? sum[i++].text : "");
            } else {
                if (i == sum.size() || literal || sum[i].text != name) return false;
                i++;
            }
        }
        if (i != sum.size()) return false;
        texts = found;
        at_++;
        return true;
    }

    // Texts around what is said, trimmed or not; all roles that a template speaks of must agree.
    bool take_content(const std::string& head, std::vector<std::string> names, std::vector<std::string>& texts) {
        for (const bool trimmed : {false, true}) {
            std::vector<std::string> own = names;
            for (std::string& name : own)
                if (name == "content") name = trimmed ? "message.content|trim" : "message.content";
            if (!take_sum(head, own, texts)) continue;
            if (trims_ && *trims_ != trimmed) return false;
            trims_ = trimmed;
            if (trimmed) chat_.flags |= chat_trims_turns | chat_trims_system;
            return true;
        }
        return false;
    }

    bool take_conditional(const std::string& condition, std::string& text) {
        const size_t begin = at_;
        if (take("if " + condition) && take_text("out", text) && take("endif")) return true;
        at_ = begin;
        return false;
    }

    // Turns that do not alternate are refused by the template; a conversation here always alternates.
    void take_guard() {
        const size_t begin = at_;
        if (!(take("if ( message.role == 'user' ) != ( loop.index0 % 2 == 0 )") && take("raise") && take("endif"))) at_ = begin;
    }

    void set_all(const std::vector<std::string>& around) {
        for (const Role& r : roles) {
            part(chat_, r.prefix) = around[0] + r.name + around[1];
            part(chat_, r.suffix) = around[2];
        }
    }

    // One form for every role, in one sum or assigned first (Llama 3: the begin token is in front of the first turn).
    bool take_uniform() {
        std::vector<std::string> around, begin;
        const std::vector<std::string> form = {"?", "message.role", "?", "content", "?"};
        if (take_content("out", form, around)) {
            set_all(around);
            return true;
        }
        if (!take_content("set content", form, around)) return false;
        if (!(take("if loop.index0 == 0") && take_sum("set content", {"?", "content"}, begin) && take("endif"))) return false;
        std::vector<std::string> none;
        const bool second = !part(chat_, ChatPart::begin).empty() || !part(chat_, ChatPart::without_system).empty();
        if (second || !take_sum("out", {"content"}, none)) return false;
        part(chat_, ChatPart::begin) = begin[0];
        set_all(around);
        return true;
    }

    // if message.role == 'user' ... elif ..., in any order, each once.
    bool take_branches() {
        bool seen[3] = {};
        for (bool any = false;; any = true) {
            size_t which = 0;
            while (which < 3 && !take((any ? "elif message.role == '" : "if message.role == '") + std::string(roles[which].name) + "'")) which++;
            if (which == 3) break;
            std::vector<std::string> around;
            if (seen[which] || !take_content("out", {"?", "content", "?"}, around)) return false;
            seen[which] = true;
            part(chat_, roles[which].prefix) = around[0];
            part(chat_, roles[which].suffix) = around[1];
        }
        if (take("else") && !take("raise")) return false;
        if (!seen[0]) chat_.flags |= chat_refuses_system;
        return seen[1] && seen[2] && take("endif");
    }

    bool take_roles() {
        std::vector<std::string> none;
        take_text("out", part(chat_, ChatPart::begin));
        const bool renamed = take_sum("set loop_messages", {"messages"}, none);
        if (!take(renamed ? "for message in loop_messages" : "for message in messages")) return false;
        if (!take_conditional("loop.first and messages[0].role != 'system'", part(chat_, ChatPart::without_system)))
            take_conditional("loop.index0 == 0 and messages[0].role != 'system'", part(chat_, ChatPart::without_system));
        take_guard();
        if (!take_uniform() && !take_branches()) return false;
        std::string& generation = part(chat_, ChatPart::generation);
        const bool in_loop = take_conditional("loop.last and add_generation_prompt", generation);
        if (!take("endfor")) return false;
        if (!in_loop && !take_conditional("add_generation_prompt", generation)) take_text("out", generation);
        return true;
    }

    // Llama 2: what the system says is put in front of what the user says first, and both are trimmed as one.
    bool take_inside() {
        const size_t begin = at_;
        std::vector<std::string> none, system, user, assistant;
        const bool fits = take("if messages[0].role == 'system'") && take_sum("set loop_messages", {"messages[1:]"}, none) &&
                          take_sum("set system_message", {"messages[0].content"}, none) && take("else") &&
                          take_sum("set loop_messages", {"messages"}, none) && take_sum("set system_message", {"false"}, none) &&
                          take("endif") && take("for message in loop_messages");
        if (!fits) {
            at_ = begin;
            return false;
        }
        take_guard();
        if (!(take("if loop.index0 == 0 and system_message != false") &&
              take_sum("set content", {"?", "system_message", "?", "message.content"}, system) && take("else") &&
              take_sum("set content", {"message.content"}, none) && take("endif") && take("if message.role == 'user'") &&
              take_sum("out", {"?", "content|trim", "?"}, user) && take("elif message.role == 'assistant'") &&
              take_sum("out", {"?", "content|trim", "?"}, assistant) && take("endif") && take("endfor")))
            return false;
        if (system[0].empty() || std::string_view(" \t\n\r").find(system[0][0]) != std::string_view::npos) return false;  // would be trimmed
        chat_.flags = chat_system_inside | chat_trims_turns;
        part(chat_, ChatPart::system_prefix) = system[0];
        part(chat_, ChatPart::system_suffix) = system[1];
        part(chat_, ChatPart::user_prefix) = user[0];
        part(chat_, ChatPart::user_suffix) = user[1];
        part(chat_, ChatPart::assistant_prefix) = assistant[0];
        part(chat_, ChatPart::assistant_suffix) = assistant[1];
        return true;
    }

    const std::vector<JinjaStatement>& statements_;
    size_t at_ = 0;
    std::optional<bool> trims_;
    ChatTemplate chat_;
};

// begin, without_system, system, user and assistant with prefix and suffix, generation; {bos} and {eos} are the tokenizer's own.
struct Named {
    const char* name;
    uint32_t flags;
    std::array<const char*, chat_parts> parts;
};
constexpr Named named[] = {
    {"alpaca", 0,
     {"", "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n", "", "\n\n",
      "### Instruction:\n", "\n\n", "### Response:\n", "{eos}\n\n", "### Response:\n"}},
    {"chatml", 0,
     {"", "", "<|im_start|>system\n", "<|im_end|>\n", "<|im_start|>user\n", "<|im_end|>\n", "<|im_start|>assistant\n", "<|im_end|>\n",
      "<|im_start|>assistant\n"}},
    {"llama2", chat_system_inside | chat_trims_turns, {"", "", "<<SYS>>\n", "\n<</SYS>>\n\n", "{bos}[INST] ", " [/INST]", " ", " {eos}", ""}},
    {"llama3", chat_trims_turns | chat_trims_system,
     {"{bos}", "", "<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>", "<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>",
      "<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>", "<|start_header_id|>assistant<|end_header_id|>\n\n"}},
    {"mistral", chat_refuses_system, {"{bos}", "", "", "", "[INST] ", " [/INST]", "", "{eos} ", ""}},
    {"zephyr", 0, {"", "", "<|system|>\n", "{eos}\n", "<|user|>\n", "{eos}\n", "<|assistant|>\n", "{eos}\n", "<|assistant|>\n"}},
};

std::string filled(std::string text, const JinjaTexts& known) {
    for (const auto& [hole, value] : {std::pair("{bos}", &known.bos), std::pair("{eos}", &known.eos)})
        if (const size_t at = text.find(hole); at != std::string::npos) text.replace(at, 5, *value);
    return text;
}

JinjaTexts texts_of(const TokenizerModel& model) {
    const auto text = [&](uint32_t id) { return id < model.pieces.size() ? model.pieces[id] : std::string(); };
    return {text(model.bos), text(model.eos)};
}

}  // namespace

std::optional<ChatTemplate> reduce_chat_template(std::string_view jinja, const JinjaTexts& known) {
    const std::optional<std::vector<JinjaStatement>> statements = jinja_statements(jinja, known);
    return statements ? Shape(*statements).reduce() : std::nullopt;
}

std::optional<ChatTemplate> named_chat_template(const std::string& name, const JinjaTexts& known) {
    for (const Named& n : named) {
        if (name != n.name) continue;
        ChatTemplate chat;
        chat.flags = n.flags;
        for (uint32_t i = 0; i < chat_parts; i++) chat.parts[i] = filled(n.parts[i], known);
        return chat;
    }
    return std::nullopt;
}

std::string chat_template_names() {
    std::string names;
    for (const Named& n : named) names += (names.empty() ? "" : ", ") + std::string(n.name);
    return names;
}

void attach_chat_template(const std::string& jinja, const std::string& file, TokenizerModel& model, std::vector<std::string>& notes) {
    model.chat_source = jinja;
    model.chat = reduce_chat_template(jinja, texts_of(model));
    if (!model.chat)
        notes.push_back(file + ": its chat template is of no shape that is known and left out; choose one with --chat-template (" +
                        chat_template_names() + ", or a file)");
}

void replace_chat_template(const std::string& name_or_file, TokenizerModel& model) {
    model.chat = named_chat_template(name_or_file, texts_of(model));
    model.chat_source.reset();
    if (model.chat) return;
    if (!exists(name_or_file)) refuse_usage("--chat-template: '" + name_or_file + "' is neither a file nor one of " + chat_template_names());
    const MappedFile file(name_or_file);
    model.chat_source = std::string(file.text());
    model.chat = reduce_chat_template(*model.chat_source, texts_of(model));
    if (!model.chat) refuse("E_UNSUPPORTED", name_or_file, "a chat template of no shape that is known; take one of " + chat_template_names());
}

}  // namespace mote::tools
