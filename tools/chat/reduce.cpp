// reduce: the shapes of chat templates, and the data that each leaves.
#include "chat/reduce.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "chat/conditions.h"
#include "tokenizer/bpe.h"

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
    explicit Shape(std::vector<JinjaStatement> statements) : statements_(std::move(statements)) {}

    ChatReduction reduce() {
        const bool fits = opens_inside() ? take_inside() : take_roles();
        if (fits && at_ == statements_.size()) return {chat_, ""};
        for (const JinjaStatement& s : statements_)
            if (s.head == "unknown") return {std::nullopt, s.sum[0].text};
        if (reached_ == statements_.size()) return {std::nullopt, "it ends within a shape that is known"};
        return {std::nullopt, "statement " + std::to_string(reached_ + 1) + ", " + shown(jinja_spelling(statements_[reached_]), 100) + ", is of no shape that is known"};
    }

private:
    void advance() { reached_ = std::max(reached_, ++at_); }

    bool take(const std::string& head) {
        const bool fits = at_ < statements_.size() && statements_[at_].head == head && statements_[at_].sum.empty();
        if (fits) advance();
        return fits;
    }

    // The one text that is put out or assigned.
    bool take_text(const std::string& head, std::string& text) {
        if (at_ >= statements_.size() || statements_[at_].head != head || statements_[at_].sum.size() != 1 || !statements_[at_].sum[0].literal) return false;
        text = statements_[at_].sum[0].text;
        advance();
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
        advance();
        return true;
    }

    // Texts around what is said, trimmed or not; all roles that a template speaks of must agree. `said` stands for its name.
    bool take_content(const std::string& head, const std::vector<std::string>& names, const std::string& said, uint32_t trim_flags,
                      std::vector<std::string>& texts) {
        const size_t begin = at_;
        for (const bool trimmed : {false, true}) {
            std::vector<std::string> own = names;
            for (std::string& name : own)
                if (name == "said") name = said + (trimmed ? "|trim" : "");
            if (!take_sum(head, own, texts)) continue;
            if (trims_ && *trims_ != trimmed) {
                at_ = reached_ = begin;
                return false;
            }
            trims_ = trimmed;
            if (trimmed) chat_.flags |= trim_flags;
            return true;
        }
        return false;
    }

    bool take_content(const std::string& head, const std::vector<std::string>& names, std::vector<std::string>& texts) {
        const uint32_t system = chat_.flags & chat_refuses_system ? 0 : uint32_t(chat_trims_system);
        return take_content(head, names, "message.content", chat_trims_turns | system, texts);
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
            if (r.prefix == ChatPart::system_prefix && (chat_.flags & chat_refuses_system)) continue;
            const bool renamed = r.prefix == ChatPart::assistant_prefix && !assistant_.empty();
            part(chat_, r.prefix) = around[0] + (renamed ? assistant_ : r.name) + around[1];
            part(chat_, r.suffix) = around[2];
        }
    }

    // Gemma: the assistant goes by another name.
    bool take_name() {
        const size_t begin = at_;
        std::vector<std::string> none;
        if (take("if message.role == 'assistant'") && take_text("set role", assistant_) && take("else") &&
            take_sum("set role", {"message.role"}, none) && take("endif"))
            return true;
        at_ = begin;
        assistant_.clear();
        return false;
    }

    // One form for every role, in one sum or assigned first (Llama 3: the begin token is in front of the first turn).
    bool take_uniform() {
        std::vector<std::string> around, begin;
        const std::vector<std::string> form = {"?", take_name() ? "role" : "message.role", "?", "said", "?"};
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

    // The statements of a branch, and the words of its condition; none for `else`.
    struct Branch {
        const std::vector<JinjaTerm>* words;
        size_t begin, end;
    };

    // The branches of the `if` that stands here; returns what follows its `endif`, or 0 if there is none.
    size_t find_branches(std::vector<Branch>& branches) const {
        const auto opens = [](const std::string& head) { return head.rfind("if ", 0) == 0 || head.rfind("for ", 0) == 0; };
        if (at_ >= statements_.size() || statements_[at_].head.rfind("if ", 0) != 0) return 0;
        size_t depth = 0, i = at_;
        for (; i < statements_.size(); i++) {
            const std::string& head = statements_[i].head;
            const bool ends = head == "endif" || head == "endfor", next = depth == 1 && (head == "else" || head.rfind("elif ", 0) == 0);
            if ((next || (ends && depth == 1)) && !branches.empty()) branches.back().end = i;
            if (next || depth == 0) branches.push_back({head == "else" ? nullptr : &statements_[i].words, i + 1, i + 1});
            depth += opens(head);
            depth -= ends;
            if (depth == 0) break;
        }
        return i < statements_.size() && statements_[i].head == "endif" ? i + 1 : 0;
    }

    // Says where a shape ended.
    bool stop(size_t statement) {
        reached_ = std::max(reached_, statement);
        return false;
    }

    // What one role's message comes to: texts around what is said. User and assistant must agree on whether that is trimmed.
    bool read_turn(const JinjaStatement& s, const Role& role) {
        bool said = false, trimmed = false;
        std::string before, behind;
        for (const JinjaTerm& t : s.sum) {
            const bool content = !t.literal && (t.text == "message.content" || t.text == "message.content|trim");
            if (content ? said : !t.literal && t.text != "message.role") return false;
            if (content) trimmed = t.text != "message.content";
            else (said ? behind : before) += t.literal ? t.text : role.name;
            said = said || content;
        }
        const bool system = role.prefix == ChatPart::system_prefix;
        if (s.head != "out" || !said || (!system && trims_ && *trims_ != trimmed)) return false;
        if (!system) trims_ = trimmed;
        if (trimmed) chat_.flags |= system ? chat_trims_system : chat_trims_turns;
        part(chat_, role.prefix) = before;
        part(chat_, role.suffix) = behind;
        return true;
    }

    // A branch for each role, in any order and by any condition; a system text that stands in front of all turns has none here.
    bool take_branches() {
        std::vector<Branch> branches;
        const size_t behind = find_branches(branches);
        if (!behind) return false;
        for (const Role& r : roles) {
            const bool system = r.prefix == ChatPart::system_prefix;
            const Turn turn{r.name, system ? Truth::yes : r.prefix == ChatPart::assistant_prefix ? Truth::no : Truth::open};
            const Branch* own = nullptr;
            for (size_t i = 0; i < branches.size() && !own; i++) {
                const Truth truth = branches[i].words ? truth_of(*branches[i].words, turn) : Truth::yes;
                if (truth == Truth::open) return stop(branches[i].begin - 1);
                if (truth == Truth::yes) own = &branches[i];
            }
            const bool one = own && own->end - own->begin == 1, silent = !own || (one && statements_[own->begin].head == "raise");
            if (system && (silent || in_front_)) {
                if (!silent) return stop(own->begin);
                if (!in_front_) chat_.flags |= chat_refuses_system;
            } else if (!one || !read_turn(statements_[own->begin], r)) {
                return stop(own ? own->begin : behind - 1);
            }
        }
        at_ = behind;
        reached_ = std::max(reached_, at_);
        return true;
    }

    // Qwen2.5: the system's text, or one instead of it, before all turns.
    void take_system_in_front() {
        const size_t begin = at_;
        std::vector<std::string> system;
        std::string instead;
        bool trims = false;
        const auto out = [&](const char* content) { return take_sum("out", {"?", content, "?"}, system); };
        const bool taken = take("if messages[0].role == 'system'") && (out("messages[0].content") || (trims = out("messages[0].content|trim")));
        if (!taken || (take("else") && !take_text("out", instead)) || !take("endif")) {
            at_ = begin;
            return;
        }
        in_front_ = true;
        if (trims) chat_.flags |= chat_trims_system;
        part(chat_, ChatPart::system_prefix) = system[0];
        part(chat_, ChatPart::system_suffix) = system[1];
        part(chat_, ChatPart::without_system) = instead;
    }

    bool take_turns_of_all() {
        const size_t begin = at_;
        const ChatTemplate before = chat_;
        if (!in_front_ && take_uniform()) return true;
        at_ = begin;
        chat_ = before;
        trims_.reset();
        return take_branches();
    }

    void take_generation() {
        std::string& generation = part(chat_, ChatPart::generation);
        if (generation.empty() && !take_conditional("add_generation_prompt", generation)) take_text("out", generation);
    }

    bool take_roles() {
        std::vector<std::string> none;
        take_text("out", part(chat_, ChatPart::begin));
        const size_t begin = at_;
        if (take("if messages[0].role == 'system'") && take("raise") && take("endif")) chat_.flags |= chat_refuses_system;
        else at_ = begin;
        take_system_in_front();
        const bool renamed = take_sum("set loop_messages", {"messages"}, none);
        if (!take(renamed ? "for message in loop_messages" : "for message in messages")) return false;
        if (!in_front_ && !take_conditional("loop.first and messages[0].role != 'system'", part(chat_, ChatPart::without_system)))
            take_conditional("loop.index0 == 0 and messages[0].role != 'system'", part(chat_, ChatPart::without_system));
        if (!in_front_) take_guard();  // which counts a system text that is one of the messages
        if (!take_turns_of_all()) return false;
        take_conditional("loop.last and add_generation_prompt", part(chat_, ChatPart::generation));
        if (!take("endfor")) return false;
        take_generation();
        return true;
    }

    // ---- Llama 2: what the system says is put in front of what the user says first

    bool opens_inside() const {
        const size_t first = !statements_.empty() && statements_[0].head == "out" ? 1 : 0;
        return statements_.size() > first + 1 && statements_[first].head == "if messages[0].role == 'system'" && statements_[first + 1].head.rfind("set ", 0) == 0;
    }

    // What loop_messages and system_message are with a system text, in either order.
    bool take_with_system(std::vector<std::string>& system) {
        std::vector<std::string> none;
        for (int i = 0; i < 2; i++) {
            if (take_sum("set loop_messages", {"messages[1:]"}, none) || take_sum("set messages", {"messages[1:]"}, none)) continue;
            if (take_sum("set system_message", {"?", "messages[0].content|trim", "?"}, system)) chat_.flags |= chat_trims_system;
            else if (!take_sum("set system_message", {"?", "messages[0].content", "?"}, system)) return false;
        }
        return system.size() == 2;
    }

    // A default that is switched off.
    bool take_no_default() {
        std::vector<std::string> none;
        std::string text;
        return !take("elif false == true and not '<<SYS>>' in messages[0].content") ||
               (take_sum("set loop_messages", {"messages"}, none) && take_text("set system_message", text));
    }

    enum class Absent { undefined, is_false, is_empty };

    // And what they are without one.
    Absent take_without_system() {
        std::vector<std::string> none;
        Absent absent = Absent::undefined;
        for (int i = 0; i < 2; i++) {
            if (take_sum("set loop_messages", {"messages"}, none)) continue;
            if (take_sum("set system_message", {"false"}, none)) absent = Absent::is_false;
            else if (take("set system_message")) absent = Absent::is_empty;
        }
        return absent;
    }

    // The first turn's content with the system's text in front of it.
    bool take_first_content(Absent absent, std::vector<std::string>& outer) {
        std::vector<std::string> none;
        if (absent == Absent::undefined || !take(absent == Absent::is_false ? "if loop.index0 == 0 and system_message != false" : "if loop.index0 == 0")) return false;
        return take_sum("set content", {"?", "system_message", "?", "message.content"}, outer) && (absent == Absent::is_false || (outer[0] + outer[1]).empty()) &&
               take("else") && take_sum("set content", {"message.content"}, none) && take("endif");
    }

    // The user's turn with and without the system's text, written out.
    bool take_both_turns(std::vector<std::string>& outer, std::vector<std::string>& user) {
        std::vector<std::string> with;
        if (!(take("if loop.first and system_message is defined") && take_sum("out", {"?", "system_message", "?", "message.content", "?"}, with) &&
              take("else") && take_sum("out", {"?", "message.content", "?"}, user) && take("endif")))
            return false;
        outer = {with[0].size() >= user[0].size() ? with[0].substr(user[0].size()) : "", with[1]};
        return with[0] == user[0] + outer[0] && with[2] == user[1];
    }

    bool take_turns(Absent absent, std::vector<std::string>& outer, std::vector<std::string>& user, std::vector<std::string>& assistant) {
        const bool assigned = take_first_content(absent, outer);
        const std::string said = assigned ? "content" : "message.content";
        if (!take("if message.role == 'user'")) return false;
        if (!(assigned ? take_content("out", {"?", "said", "?"}, said, chat_trims_turns, user) : absent == Absent::undefined && take_both_turns(outer, user))) return false;
        std::vector<std::string> none;  // a system's turn is never one of these
        if (take("elif message.role == 'system'") && !take_sum("out", {"?", said + "|trim", "?"}, none) && !take_sum("out", {"?", said, "?"}, none)) return false;
        if (!assigned) trims_ = false;
        return take("elif message.role == 'assistant'") && take_content("out", {"?", "said", "?"}, said, chat_trims_turns, assistant) &&
               (!take("else") || take("raise")) && take("endif");
    }

    bool take_inside() {
        std::vector<std::string> system, outer, user, assistant;
        std::string& begin = part(chat_, ChatPart::begin);
        take_text("out", begin);
        if (!(take("if messages[0].role == 'system'") && take_with_system(system) && take_no_default() && take("else"))) return false;
        const Absent absent = take_without_system();
        if (!take("endif")) return false;
        if (begin.empty()) take_text("out", begin);
        if (!take("for message in loop_messages") && !take("for message in messages")) return false;
        take_guard();
        if (!take_turns(absent, outer, user, assistant) || !take("endfor")) return false;
        take_generation();
        chat_.flags |= chat_system_inside;
        part(chat_, ChatPart::system_prefix) = outer[0] + system[0];
        part(chat_, ChatPart::system_suffix) = system[1] + outer[1];
        part(chat_, ChatPart::user_prefix) = user[0];
        part(chat_, ChatPart::user_suffix) = user[1];
        part(chat_, ChatPart::assistant_prefix) = assistant[0];
        part(chat_, ChatPart::assistant_suffix) = assistant[1];
        const std::string& first = part(chat_, ChatPart::system_prefix);  // what is trimmed with the user's text must not begin with white space
        return !(chat_.flags & chat_trims_turns) || (!first.empty() && std::string_view(" \t\n\r").find(first[0]) == std::string_view::npos);
    }

    const std::vector<JinjaStatement> statements_;
    size_t at_ = 0, reached_ = 0;
    std::optional<bool> trims_;
    bool in_front_ = false;  // the system's text is
    std::string assistant_;  // its name, where that is another
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

// Names such as <|im_start|> that would be read letter by letter: the model was hardly trained for such a template.
void note_names_of_no_token(const std::string& name_or_file, const TokenizerModel& model, std::vector<std::string>& notes) {
    constexpr size_t longest = 64;
    std::set<std::string> tokens, missing;
    for (const std::vector<uint32_t>* ids : {&model.specials, &model.added})
        for (const uint32_t id : *ids) tokens.insert(model.pieces[id]);
    for (const std::string& text : model.chat->parts)
        for (size_t begin = text.find("<|"); begin != std::string::npos; begin = text.find("<|", begin + 1)) {
            std::string name = text.substr(begin, longest);
            const size_t end = name.find("|>");
            name.resize(end == std::string::npos ? 0 : end + 2);
            if (!name.empty() && !tokens.count(name)) missing.insert(name);
        }
    for (const std::string& name : missing)
        notes.push_back("--chat-template " + name_or_file + ": " + shown(name) + " is no control token of this tokenizer and is read as text");
}

}  // namespace

JinjaTexts chat_texts(const TokenizerModel& model) {
    const auto text = [&](uint32_t id) { return id < model.pieces.size() ? model.pieces[id] : std::string(); };
    return {text(model.bos), text(model.eos)};
}

ChatReduction reduce_chat_template(std::string_view jinja, const JinjaTexts& known) {
    const JinjaReading reading = jinja_statements(jinja, known);
    return reading.problem.empty() ? Shape(without_tools(reading.statements)).reduce() : ChatReduction{std::nullopt, reading.problem};
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

void attach_chat_template(const ChatSource& source, TokenizerModel& model, std::vector<std::string>& notes) {
    model.chat_source = source.jinja.empty() ? std::nullopt : std::optional<std::string>(source.jinja);
    model.chat_refusal = source.problem;
    if (model.chat_refusal.empty()) {
        const ChatReduction reduced = reduce_chat_template(source.jinja, chat_texts(model));
        model.chat = reduced.chat;
        model.chat_refusal = reduced.why;
    }
    if (model.chat) return;
    notes.push_back(source.file + ": its chat template is left out: " + model.chat_refusal + "; choose one with --chat-template (" +
                    chat_template_names() + ", or a file)");
    model.chat_refusal = "its chat template, from " + source.file.substr(source.file.rfind('/') + 1) + ", was left out: " + model.chat_refusal;
}

void replace_chat_template(const std::string& name_or_file, TokenizerModel& model, std::vector<std::string>& notes) {
    model.chat = named_chat_template(name_or_file, chat_texts(model));
    model.chat_source.reset();
    model.chat_refusal.clear();
    if (model.chat) return note_names_of_no_token(name_or_file, model, notes);
    if (!exists(name_or_file)) refuse_usage("--chat-template: '" + name_or_file + "' is neither a file nor one of " + chat_template_names());
    const MappedFile file(name_or_file);
    model.chat_source = std::string(file.text());
    const ChatReduction reduced = reduce_chat_template(*model.chat_source, chat_texts(model));
    if (!reduced.chat)
        refuse("E_UNSUPPORTED", name_or_file, "a chat template of no shape that is known: " + reduced.why + "; take one of " + chat_template_names());
    model.chat = reduced.chat;
    note_names_of_no_token(name_or_file, model, notes);
}

}  // namespace mote::tools
