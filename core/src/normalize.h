// normalize: text as its tokenizer wants it, by the tables of SPEC 6.2.
#pragma once

#include "checked.h"
#include "tokenizer_tables.h"

namespace mote {

/// Whether text is changed at all before it is cut into tokens.
inline bool normalizes(const Tokenizer& t) {
    return !only_pairs && (normalizer_of(t) || (t.header().flags & (tokenizer_squeeze_spaces | tokenizer_space_behind)));
}

/// Whether visible ASCII and spaces stay as they are, as far as rules say: what `open_tokenizer` notes for the longest stretches of most text.
bool keeps_ascii(const Tokenizer& t);

/// Bytes that a text of that many bytes may become, at most.
Size normalized_bytes(const Tokenizer& t, Size text_bytes);

/// Writes the normalized text.
///   space_before  the tokenizer's dummy space belongs to this stretch of text
///   out           normalized_bytes(text) bytes
/// Errors: range (the section's growth is less than its rules need).
Result<size_t> normalize(const Tokenizer& t, Span<const char> text, bool space_before, Span<char> out);

}  // namespace mote
