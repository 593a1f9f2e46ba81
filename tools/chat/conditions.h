// conditions: what the conditions of a chat template come to in the conversations held here: nobody offers tools or calls any, and a
// system text stands first.
#pragma once

#include <string>
#include <vector>

#include "chat/jinja_statements.h"

namespace mote::tools {

enum class Truth : uint8_t { no, yes, open };

/// Who speaks, and whether it is the first message.
struct Turn {
    std::string role{};  // empty: anybody
    Truth first = Truth::open;
};

/// A condition of `if` or `elif` by its words; open if it asks for anything else.
Truth truth_of(const std::vector<JinjaTerm>& words, const Turn& turn);

/// The statements that are reached when a template is given no tools, with texts that have become neighbours as one.
std::vector<JinjaStatement> without_tools(const std::vector<JinjaStatement>& statements);

}  // namespace mote::tools
