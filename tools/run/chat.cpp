// chat: template texts are read with control tokens, what is said without.
#include "run/chat.h"

#include <string_view>

#include "base/error.h"
#include "run/arena.h"

namespace mote::tools {
namespace {

struct Segment {
    bool said;  // by somebody; the rest is the template's
    std::string text;
};

class Segments {
public:
    explicit Segments(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

    void part(ChatPart which) {
        const Span<const char> text = chat_part(tokenizer_, which);
        add(false, std::string(text.data, text.count));
    }
    void said(const std::string& text) { add(true, text); }
    const std::vector<Segment>& all() const { return all_; }
    std::string joined() const {
        std::string text;
        for (const Segment& s : all_) text += s.text;
        return text;
    }

private:
    void add(bool said, const std::string& text) {
        if (text.empty()) return;
        if (!all_.empty() && all_.back().said == said) all_.back().text += text;
        else all_.push_back({said, text});
    }

    const Tokenizer& tokenizer_;
    std::vector<Segment> all_;
};

// White space as Python's str.strip has it, which is what Jinja's trim is.
constexpr std::string_view white_space[] = {
    " ", "\t", "\n", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e", "\x1f", "\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89",
    "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

std::string without_end(std::string_view text) {
    for (size_t i = 0; i < std::size(white_space);) {
        const std::string_view s = white_space[i++];
        if (text.size() < s.size() || text.substr(text.size() - s.size()) != s) continue;
        text.remove_suffix(s.size());
        i = 0;
    }
    return std::string(text);
}

std::string without_begin(std::string_view text) {
    for (size_t i = 0; i < std::size(white_space);) {
        const std::string_view s = white_space[i++];
        if (text.substr(0, s.size()) != s) continue;
        text.remove_prefix(s.size());
        i = 0;
    }
    return std::string(text);
}

std::string without_ends(const std::string& text) { return without_begin(without_end(text)); }

// The user's turn, with the system's text inside it where the template has it there.
void add_user(const Tokenizer& tokenizer, const std::string* system_inside, const std::string& user, Segments& out) {
    const bool trims = chat_template(tokenizer)->flags & chat_trims_turns;
    const std::string cut = trims ? without_end(user) : user;
    out.part(ChatPart::user_prefix);
    if (system_inside) {
        out.part(ChatPart::system_prefix);
        out.said(*system_inside);
        out.part(ChatPart::system_suffix);
    }
    out.said(trims && !system_inside ? without_begin(cut) : cut);
    out.part(ChatPart::user_suffix);
}

void add_assistant(const Tokenizer& tokenizer, const std::string& text, Segments& out) {
    out.part(ChatPart::assistant_prefix);
    out.said(chat_template(tokenizer)->flags & chat_trims_turns ? without_ends(text) : text);
    out.part(ChatPart::assistant_suffix);
}

Segments conversation(const Tokenizer& tokenizer, const std::optional<std::string>& system, const std::vector<std::string>& said) {
    const uint32_t flags = chat_template(tokenizer)->flags;
    const bool inside = flags & chat_system_inside;
    Segments out(tokenizer);
    out.part(ChatPart::begin);
    if (!system) {
        out.part(ChatPart::without_system);
    } else if (!inside) {
        out.part(ChatPart::system_prefix);
        out.said(flags & chat_trims_system ? without_ends(*system) : *system);
        out.part(ChatPart::system_suffix);
    }
    for (size_t i = 0; i < said.size(); i++) {
        if (i % 2) add_assistant(tokenizer, said[i], out);
        else add_user(tokenizer, i == 0 && system && inside ? &*system : nullptr, said[i], out);
    }
    out.part(ChatPart::generation);
    return out;
}

std::vector<uint32_t> encode_plain(const Model& model, const std::string& text, bool parse_special, const std::string& file) {
    EncodeOptions options;
    options.add_special = false;
    options.parse_special = parse_special;
    return encode_text(model, text, options, file);
}

std::vector<uint32_t> control_tokens(const Model& model, const std::vector<uint32_t>& tokens) {
    std::vector<uint32_t> out;
    for (const uint32_t token : tokens)
        if (is_special(model.tokenizer, token)) out.push_back(token);
    return out;
}

// In one piece, as the model's authors encode it, if that makes no control token beyond the template's; else each text by itself.
std::vector<uint32_t> encode_segments(const Model& model, const Segments& segments, const std::string& file) {
    std::vector<uint32_t> parts, wanted;
    for (const Segment& s : segments.all()) {
        const std::vector<uint32_t> tokens = encode_plain(model, s.text, !s.said, file);
        parts.insert(parts.end(), tokens.begin(), tokens.end());
        if (s.said) continue;
        const std::vector<uint32_t> own = control_tokens(model, tokens);
        wanted.insert(wanted.end(), own.begin(), own.end());
    }
    const std::vector<uint32_t> whole = encode_plain(model, segments.joined(), true, file);
    return control_tokens(model, whole) == wanted ? whole : parts;
}

}  // namespace

void require_chat(const Model& model, const std::optional<std::string>& system, const std::string& file) {
    if (!chat_template(model.tokenizer))
        refuse("E_MISSING", file, "the model carries no chat template; pack it again with --chat-template");
    if (system && (chat_template(model.tokenizer)->flags & chat_refuses_system))
        refuse("E_UNSUPPORTED", file, "its chat template has no place for a system text; leave --system out");
}

std::vector<uint32_t> first_turn(const Model& model, const std::optional<std::string>& system, const std::string& user, const std::string& file) {
    std::vector<uint32_t> tokens = encode_segments(model, conversation(model.tokenizer, system, {user}), file);
    const TokenizerHeader& h = model.tokenizer.header();
    if ((h.flags & tokenizer_add_bos) && (tokens.empty() || tokens[0] != h.bos)) tokens.insert(tokens.begin(), h.bos);
    return tokens;
}

std::vector<uint32_t> next_turn(const Model& model, const std::string& user, const std::string& file) {
    Segments out(model.tokenizer);
    out.part(ChatPart::assistant_suffix);
    add_user(model.tokenizer, nullptr, user, out);
    out.part(ChatPart::generation);
    return encode_segments(model, out, file);
}

std::string conversation_text(const Tokenizer& tokenizer, const std::optional<std::string>& system, const std::vector<std::string>& said) {
    return conversation(tokenizer, system, said).joined();
}

}  // namespace mote::tools
