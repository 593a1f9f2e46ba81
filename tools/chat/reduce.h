// reduce: a chat template becomes data, or is refused. It is compared with known shapes and never run.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/jinja_statements.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// The template as data, for conversations in which user and assistant take turns after at most one system text. Shapes: one form
/// for every role (ChatML, Llama 3), one branch a role (Zephyr, Mistral, Alpaca), the system inside the first turn (Llama 2).
/// Nothing for any other.
std::optional<ChatTemplate> reduce_chat_template(std::string_view jinja, const JinjaTexts& known);

/// A template by its usual name; nothing if there is none of that name.
std::optional<ChatTemplate> named_chat_template(const std::string& name, const JinjaTexts& known);

/// "chatml, llama2, ..."
std::string chat_template_names();

/// Takes a tokenizer's own template in: as data if it reduces, with a note if not.
void attach_chat_template(const std::string& jinja, const std::string& file, TokenizerModel& model, std::vector<std::string>& notes);

/// A template that the user asks for, by name or file. Errors: E_UNSUPPORTED (does not reduce), those of reading.
void replace_chat_template(const std::string& name_or_file, TokenizerModel& model);

}  // namespace mote::tools
