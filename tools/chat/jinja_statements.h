// jinja_statements: the statements of a chat template in one spelling, however it was written. Nothing is evaluated.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mote::tools {

/// A text, or something that is named: `message.content`.
struct JinjaTerm {
    bool literal = false;
    std::string text{};
};

/// "for", "if", "elif", "set" and so on with its condition or name in one spelling, such as `if message.role == 'user'`, or "out";
/// what is put out or assigned is a sum of terms. Neighbouring texts are one, and text between tags is put out. An expression, put out or
/// assigned, that is no sum of texts and names is "unknown": its one term says where it stands.
struct JinjaStatement {
    std::string head{};
    std::vector<JinjaTerm> sum{};
    std::vector<JinjaTerm> words{};  // of a condition
};

/// What the template's file knows of the tokenizer.
struct JinjaTexts {
    std::string bos{}, eos{};
};

/// A template's statements, or what was met that is none: a tag or a string that does not end.
struct JinjaReading {
    std::vector<JinjaStatement> statements{};
    std::string problem{};  // empty: there is none
};

/// Reads a template as Hugging Face does (trim_blocks, lstrip_blocks).
JinjaReading jinja_statements(std::string_view text, const JinjaTexts& known);

/// Puts a term at the end of a sum, a text into the text before it.
void add_term(std::vector<JinjaTerm>& sum, const JinjaTerm& term);

/// A statement for a message, such as `set content = message.content`.
std::string jinja_spelling(const JinjaStatement& statement);

}  // namespace mote::tools
