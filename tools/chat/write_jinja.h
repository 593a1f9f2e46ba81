// write_jinja: a chat template as data becomes Jinja again, for programs that read only that.
#pragma once

#include <string>

#include "model/tokenizer_model.h"

namespace mote::tools {

/// A text that Jinja, with Hugging Face's settings, renders to what the data says: begin, turns, and what is put where the assistant is
/// to speak. It reduces to the same data again.
std::string chat_jinja(const ChatTemplate& chat);

/// The template for a file that is written: as it was read, or made from the data; empty if there is none.
std::string written_chat_template(const TokenizerModel& model);

}  // namespace mote::tools
