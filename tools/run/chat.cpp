// chat: the texts of a template around what is said, encoded in one piece.
#include "run/chat.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "run/arena.h"

namespace mote::tools {
namespace {

// The text of a conversation, and where in it somebody speaks; the rest is the template's.
class Conversation {
public:
    explicit Conversation(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

    void part(ChatPart which) {
        const Span<const char> part = chat_part(tokenizer_, which);
        text.append(part.data, part.count);
    }
    void say(const std::string& words) {
        said.push_back({text.size(), text.size() + words.size()});
        text += words;
    }

    void cut(size_t end) {
        text.resize(end);
        for (TextRange& range : said) range.end = std::min(range.end, end);
    }

    std::string text{};
    std::vector<TextRange> said{};

private:
    const Tokenizer& tokenizer_;
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

std::string words_of(const std::string& text, bool trims) { return trims ? without_ends(text) : text; }

// The user's turn, with the system's text inside it where the template has it there. Both are trimmed as one.
void add_user(const Tokenizer& tokenizer, const std::string* system_inside, const std::string& user, Conversation& out) {
    const uint32_t flags = chat_template(tokenizer)->flags;
    const bool trims = flags & chat_trims_turns;
    out.part(ChatPart::user_prefix);
    const size_t begin = out.text.size();
    if (system_inside) {
        out.part(ChatPart::system_prefix);
        out.say(words_of(*system_inside, flags & chat_trims_system));
        out.part(ChatPart::system_suffix);
    }
    const std::string words = trims ? without_end(user) : user;
    if (trims && words.empty()) out.cut(begin + without_end(out.text.substr(begin)).size());
    out.say(trims && out.text.size() == begin ? without_begin(words) : words);
    out.part(ChatPart::user_suffix);
}

void add_assistant(const Tokenizer& tokenizer, const std::string& text, Conversation& out) {
    out.part(ChatPart::assistant_prefix);
    out.say(words_of(text, chat_template(tokenizer)->flags & chat_trims_turns));
    out.part(ChatPart::assistant_suffix);
}

Conversation conversation(const Tokenizer& tokenizer, const std::optional<std::string>& system, const std::vector<std::string>& said) {
    const uint32_t flags = chat_template(tokenizer)->flags;
    const bool inside = flags & chat_system_inside;
    Conversation out(tokenizer);
    out.part(ChatPart::begin);
    if (!system) {
        out.part(ChatPart::without_system);
    } else if (!inside) {
        out.part(ChatPart::system_prefix);
        out.say(words_of(*system, flags & chat_trims_system));
        out.part(ChatPart::system_suffix);
    }
    for (size_t i = 0; i < said.size(); i++) {
        if (i % 2) add_assistant(tokenizer, said[i], out);
        else add_user(tokenizer, i == 0 && system && inside ? &*system : nullptr, said[i], out);
    }
    out.part(ChatPart::generation);
    return out;
}

// In one piece, as the model's authors encode it, but that what is said makes no control token unless that is asked for.
std::vector<uint32_t> encode_conversation(const Model& model, const Conversation& c, ChatSpeech speech, bool goes_on, const std::string& file) {
    EncodeOptions options;
    options.add_special = false;
    options.parse_special = true;
    options.goes_on = goes_on;
    if (speech == ChatSpeech::plain) options.quoted = {c.said.data(), c.said.size()};
    return encode_text(model, c.text, options, file);
}

}  // namespace

void require_chat(const Model& model, const std::optional<std::string>& system, const std::string& file) {
    const Span<const char> why = chat_refusal(model.tokenizer);
    if (why.count) refuse("E_UNSUPPORTED", file, std::string(why.data, why.count) + "; pack it again with --chat-template");
    if (!chat_template(model.tokenizer))
        refuse("E_MISSING", file, "the model carries no chat template; pack it again with --chat-template");
    if (system && (chat_template(model.tokenizer)->flags & chat_refuses_system))
        refuse("E_UNSUPPORTED", file, "its chat template has no place for a system text; leave --system out");
}

std::vector<uint32_t> first_turn(const Model& model, const std::optional<std::string>& system, const std::string& user, ChatSpeech speech,
                                 const std::string& file) {
    std::vector<uint32_t> tokens = encode_conversation(model, conversation(model.tokenizer, system, {user}), speech, false, file);
    const TokenizerHeader& h = model.tokenizer.header();
    if ((h.flags & tokenizer_add_bos) && (tokens.empty() || tokens[0] != h.bos)) tokens.insert(tokens.begin(), h.bos);
    return tokens;
}

std::vector<uint32_t> next_turn(const Model& model, const std::string& user, ChatSpeech speech, const std::string& file) {
    Conversation out(model.tokenizer);
    out.part(ChatPart::assistant_suffix);
    add_user(model.tokenizer, nullptr, user, out);
    out.part(ChatPart::generation);
    return encode_conversation(model, out, speech, true, file);
}

std::string conversation_text(const Tokenizer& tokenizer, const std::optional<std::string>& system, const std::vector<std::string>& said) {
    return conversation(tokenizer, system, said).text;
}

}  // namespace mote::tools
