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
/// what is put out or assigned is a sum of terms. Neighbouring texts are one, and text between tags is put out.
struct JinjaStatement {
    std::string head{};
    std::vector<JinjaTerm> sum{};
};

/// What the template's file knows of the tokenizer.
struct JinjaTexts {
    std::string bos{}, eos{};
};

/// Reads a template as Hugging Face does (trim_blocks, lstrip_blocks). Nothing where a tag or a string does not end, or an
/// expression that is put out or assigned is no sum of texts and names.
std::optional<std::vector<JinjaStatement>> jinja_statements(std::string_view text, const JinjaTexts& known);

}  // namespace mote::tools
