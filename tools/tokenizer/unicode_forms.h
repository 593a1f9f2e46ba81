// unicode_forms: Unicode's normalization forms as tables, from ICU's data.
#pragma once

#include <string>

#include "model/tokenizer_model.h"

namespace mote::tools {

/// The tables of a form; `flags` as NormalFormTables has them: 0 is NFD. Made once.
const NormalForm& unicode_form(uint32_t flags);

/// "NFC" and so on; "" where there is no form.
std::string name_of(const NormalForm& form);

/// A text in that form; itself without one. Needs UTF-8.
std::string in_form(const NormalForm& form, const std::string& text);

/// The flags of a form by its name; no_token if it is none.
uint32_t form_named(const std::string& name);

/// The version of Unicode of a form: "15.0".
std::string version_of(const NormalForm& form);

}  // namespace mote::tools
