// jinja_statements: tags, tokens and sums of a chat template.
#include "chat/jinja_statements.h"

#include <cctype>

#include "tokenizer/bpe.h"

namespace mote::tools {
namespace {

using Tokens = std::vector<JinjaTerm>;  // names, numbers and operators as they are, strings as literals

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// The string that begins at `at` with its quote; escapes other than these are not used by templates and not read.
std::optional<std::string> read_string(std::string_view text, size_t& at) {
    std::string out;
    for (const char quote = text[at++]; at < text.size(); at++) {
        if (text[at] == quote) {
            at++;
            return out;
        }
        if (text[at] != '\\') {
            out += text[at];
            continue;
        }
        const size_t which = ++at < text.size() ? std::string_view("ntr\\'\"").find(text[at]) : std::string_view::npos;
        if (which == std::string_view::npos) return std::nullopt;
        out += "\n\t\r\\'\""[which];
    }
    return std::nullopt;
}

std::optional<Tokens> read_tokens(std::string_view text) {
    Tokens tokens;
    for (size_t at = 0; at < text.size();) {
        const size_t begin = at;
        if (is_space(text[at])) {
            at++;
        } else if (text[at] == '\'' || text[at] == '"') {
            const std::optional<std::string> string = read_string(text, at);
            if (!string) return std::nullopt;
            tokens.push_back({true, *string});
        } else {
            while (at < text.size() && is_word(text[at])) at++;
            if (at == begin) at += text.substr(at, 2) == "==" || text.substr(at, 2) == "!=" ? size_t{2} : size_t{1};
            tokens.push_back({false, std::string(text.substr(begin, at - begin))});
        }
    }
    return tokens;
}

bool stands(const Tokens& tokens, size_t at, std::initializer_list<const char*> texts) {
    for (const char* text : texts)
        if (at >= tokens.size() || tokens[at].literal || tokens[at++].text != text) return false;
    return true;
}

// message['role'] and message.role, x.strip() and x | trim are the same; each becomes one token.
Tokens with_members(const Tokens& tokens) {
    Tokens out;
    for (size_t i = 0; i < tokens.size(); i++) {
        const bool named = !out.empty() && !out.back().literal && is_word(out.back().text.back());
        const bool indexed = !out.empty() && !out.back().literal && (named || out.back().text.back() == ']');
        if (indexed && stands(tokens, i, {".", "strip", "(", ")"})) {
            out.back().text += "|trim";
            i += 3;
        } else if (indexed && stands(tokens, i, {"|", "trim"})) {
            out.back().text += "|trim";
            i += 1;
        } else if (indexed && stands(tokens, i, {"."}) && i + 1 < tokens.size() && !tokens[i + 1].literal) {
            out.back().text += "." + tokens[++i].text;
        } else if (indexed && stands(tokens, i, {"["}) && stands(tokens, i + 2, {"]"}) && tokens[i + 1].literal) {
            out.back().text += "." + tokens[i + 1].text;
            i += 2;
        } else if (named && stands(tokens, i, {"[", "0", "]"})) {
            out.back().text += "[0]";
            i += 2;
        } else if (named && stands(tokens, i, {"[", "1", ":", "]"})) {
            out.back().text += "[1:]";
            i += 3;
        } else {
            out.push_back(tokens[i]);
        }
    }
    return out;
}

bool read_sum(const Tokens& tokens, size_t begin, const JinjaTexts& known, std::vector<JinjaTerm>& sum) {
    if (tokens.size() <= begin || (tokens.size() - begin) % 2 == 0) return false;
    for (size_t i = begin; i < tokens.size(); i++) {
        const JinjaTerm& t = tokens[i];
        if ((i - begin) % 2 == 1) {
            if (t.literal || t.text != "+") return false;
            continue;
        }
        if (t.literal) add_term(sum, t);
        else if (t.text == "bos_token") add_term(sum, {true, known.bos});
        else if (t.text == "eos_token") add_term(sum, {true, known.eos});
        else if (is_word(t.text.front())) add_term(sum, t);
        else return false;
    }
    return true;
}

// A condition means the same with brackets around all of it.
Tokens without_brackets(Tokens tokens) {
    if (tokens.size() < 4 || !stands(tokens, 1, {"("}) || !stands(tokens, tokens.size() - 1, {")"})) return tokens;
    int depth = 0;
    for (size_t i = 1; i + 1 < tokens.size(); i++) {
        if (!tokens[i].literal) depth += tokens[i].text == "(" ? 1 : tokens[i].text == ")" ? -1 : 0;
        if (depth == 0) return tokens;
    }
    tokens.pop_back();
    tokens.erase(tokens.begin() + 1);
    return tokens;
}

std::string one_spelling(const Tokens& tokens) {
    std::string out;
    for (const JinjaTerm& t : tokens) out += (out.empty() ? "" : " ") + (t.literal ? "'" + t.text + "'" : t.text);
    return out;
}

class Reader {
public:
    Reader(std::string_view text, const JinjaTexts& known) : text_(text), known_(known) {}

    JinjaReading read() {
        for (size_t begin = 0; begin < text_.size(); begin = at_)
            if (!read_part()) return {{}, unknown_tag()};
        return {std::move(statements_), ""};
    }

private:
    // Text up to a tag, then the tag.
    bool read_part() {
        size_t open = at_;
        while (open < text_.size() && !(text_[open] == '{' && open + 1 < text_.size() && std::string_view("{%#").find(text_[open + 1]) != std::string_view::npos)) open++;
        put_text(std::string_view(text_).substr(at_, open - at_), open);
        at_ = open;
        if (open == text_.size()) return true;
        tag_ = open;
        const char kind = text_[open + 1];
        const std::optional<std::string_view> inside = tag(open + 2, kind);
        if (!inside) return false;
        if (kind == '#') return true;
        const std::optional<Tokens> tokens = read_tokens(*inside);
        if (!tokens) return false;
        if (kind == '{') put_out(with_members(*tokens));
        else put_block(with_members(*tokens));
        return true;
    }

    std::string unknown_tag() const {
        return "byte " + std::to_string(tag_) + ", " + shown(std::string_view(text_).substr(tag_)) + ", is no tag that is known";
    }
    void put_unknown() { statements_.push_back({"unknown", {{true, unknown_tag()}}}); }

    void put_text(std::string_view text, size_t open) {
        const bool has_tag = open + 1 < text_.size(), strips = open + 2 < text_.size() && text_[open + 2] == '-';
        if (strip_next_)
            while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
        strip_next_ = false;
        if (has_tag && strips) {
            while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
        } else if (has_tag && text_[open + 1] != '{') {  // lstrip_blocks
            size_t line = text.size();
            while (line && (text[line - 1] == ' ' || text[line - 1] == '\t')) line--;
            const bool begins_line = line ? text[line - 1] == '\n' : at_ == 0 || text_[at_ - 1] == '\n';
            if (begins_line) text = text.substr(0, line);
        }
        if (!text.empty()) add_output({{true, std::string(text)}});
    }

    // What a tag holds; strings may hold what ends one.
    std::optional<std::string_view> tag(size_t begin, char kind) {
        const char end = kind == '{' ? '}' : kind;
        char quote = 0;
        for (size_t i = begin; i + 1 < text_.size(); i++) {
            if (quote) {
                if (text_[i] == '\\') i++;
                else if (text_[i] == quote) quote = 0;
            } else if (kind != '#' && (text_[i] == '\'' || text_[i] == '"')) {
                quote = text_[i];
            } else if (text_[i] == end && text_[i + 1] == '}') {
                return close(begin, i, kind);
            }
        }
        return std::nullopt;
    }

    std::string_view close(size_t begin, size_t end, char kind) {
        at_ = end + 2;
        if (begin < end && text_[begin] == '-') begin++;
        strip_next_ = begin < end && text_[end - 1] == '-';
        if (strip_next_) end--;
        if (kind != '{' && at_ < text_.size() && text_[at_] == '\n') at_++;  // trim_blocks
        return std::string_view(text_).substr(begin, end - begin);
    }

    void put_out(const Tokens& tokens) {
        if (stands(tokens, 0, {"raise_exception", "("})) return statements_.push_back({"raise", {}});
        std::vector<JinjaTerm> sum;
        if (read_sum(tokens, 0, known_, sum)) add_output(sum);
        else put_unknown();
    }

    void put_block(const Tokens& tokens) {
        if (!stands(tokens, 0, {"set"})) {
            const Tokens plain = without_brackets(tokens);
            const std::string head = one_spelling(plain);
            if (head == "out" || head == "raise" || head == "unknown") return put_unknown();  // names of this file, and no tags of Jinja's
            return statements_.push_back({head, {}, {plain.begin() + !plain.empty(), plain.end()}});
        }
        if (!stands(tokens, 2, {"="})) return put_unknown();
        JinjaStatement set{"set " + tokens[1].text, {}};
        if (read_sum(tokens, 3, known_, set.sum)) statements_.push_back(set);
        else put_unknown();
    }

    void add_output(const std::vector<JinjaTerm>& sum) {
        if (sum.empty()) return;
        if (statements_.empty() || statements_.back().head != "out") statements_.push_back({"out", {}});
        for (const JinjaTerm& t : sum) add_term(statements_.back().sum, t);
    }

    std::string text_;
    const JinjaTexts& known_;
    size_t at_ = 0, tag_ = 0;
    bool strip_next_ = false;
    std::vector<JinjaStatement> statements_;
};

}  // namespace

void add_term(std::vector<JinjaTerm>& sum, const JinjaTerm& term) {
    if (term.literal && term.text.empty()) return;
    if (term.literal && !sum.empty() && sum.back().literal) sum.back().text += term.text;
    else sum.push_back(term);
}

JinjaReading jinja_statements(std::string_view text, const JinjaTexts& known) {
    if (!text.empty() && text.back() == '\n') text.remove_suffix(1);  // Jinja's keep_trailing_newline is off
    return Reader(text, known).read();
}

std::string jinja_spelling(const JinjaStatement& statement) {
    std::string out = statement.head;
    for (const JinjaTerm& t : statement.sum)
        out += (&t == statement.sum.data() ? statement.head == "out" ? " " : " = " : " + ") + (t.literal ? "'" + t.text + "'" : t.text);
    return out;
}

}  // namespace mote::tools
