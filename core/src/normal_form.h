// normal_form: text in one of Unicode's normalization forms, by the tables of SPEC 6.6.
#pragma once

#include "checked.h"
#include "tokenizer_tables.h"

namespace mote {

/// Bytes that a text of that many bytes may become, at most; the same number without a form.
inline Size formed_bytes(const Tokenizer& t, Size text_bytes) {
    const NormalFormTables* tables = normal_form_of(t);
    return tables ? text_bytes * Size(tables->rules.growth) : text_bytes;
}

/// The text in its tokenizer's form: itself where it has that form already, as most text does, or else what is written to `out`.
///   out  formed_bytes(text) bytes
/// Linear in the text. Bytes that are not UTF-8 stay. Needs a tokenizer with a form.
/// Errors: range (the record's growth is less than its rules need).
Result<Span<const char>> normal_form(const Tokenizer& t, Span<const char> text, Span<char> out);

}  // namespace mote
