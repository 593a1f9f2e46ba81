// chat: the turns of a conversation as tokens, around the texts of the model's chat template.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mote/mote.h"

namespace mote::tools {

/// Whether the names of control tokens in what is said are those tokens.
enum class ChatSpeech { plain, with_control_tokens };

/// Refuses a model without a chat template (E_MISSING), one whose own could not be taken in (E_UNSUPPORTED, with the reason), and a
/// system text that its template has no place for (E_UNSUPPORTED).
void require_chat(const Model& model, const std::optional<std::string>& system, const std::string& file);

/// The tokens from the begin of a conversation to where the assistant speaks.
std::vector<uint32_t> first_turn(const Model& model, const std::optional<std::string>& system, const std::string& user, ChatSpeech speech,
                                 const std::string& file);

/// The tokens from the end of what the assistant said, without its stop token, to where it speaks again.
std::vector<uint32_t> next_turn(const Model& model, const std::string& user, ChatSpeech speech, const std::string& file);

/// A conversation as the template's authors would render it, up to where the assistant speaks.
///   said  by user and assistant in turn, the user first and last
std::string conversation_text(const Tokenizer& tokenizer, const std::optional<std::string>& system, const std::vector<std::string>& said);

}  // namespace mote::tools
