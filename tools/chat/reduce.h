// reduce: a chat template becomes data, or is refused. It is compared with known shapes and never run.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/jinja_statements.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// A template as data, or why it is none.
struct ChatReduction {
    std::optional<ChatTemplate> chat{};
    std::string why{};
};

/// For conversations in which user and assistant take turns after at most one system text, and no tools are offered. Shapes: one form for
/// every role (ChatML, Llama 3, Gemma), one branch a role (Zephyr, Mistral, Alpaca, Phi-3), the system in front of all turns (Qwen2.5) or
/// inside the first (Llama 2, later Mistrals).
ChatReduction reduce_chat_template(std::string_view jinja, const JinjaTexts& known);

/// What a template knows of this tokenizer.
JinjaTexts chat_texts(const TokenizerModel& model);

/// A template by its usual name; nothing if there is none of that name.
std::optional<ChatTemplate> named_chat_template(const std::string& name, const JinjaTexts& known);

/// "chatml, llama2, ..."
std::string chat_template_names();

/// A template as a tokenizer's files have it.
struct ChatSource {
    std::string jinja{};
    std::string file{};     // that it comes from
    std::string problem{};  // why there is no text to be reduced; empty: there is
};

/// Takes a tokenizer's own template in: as data if it reduces; if not, with the reason in the model and a note.
void attach_chat_template(const ChatSource& source, TokenizerModel& model, std::vector<std::string>& notes);

/// A template that the user asks for, by name or file; a note for each of its control tokens that the tokenizer lacks.
/// Errors: E_UNSUPPORTED (does not reduce), those of reading.
void replace_chat_template(const std::string& name_or_file, TokenizerModel& model, std::vector<std::string>& notes);

}  // namespace mote::tools
