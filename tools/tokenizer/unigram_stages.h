// unigram_stages: normalizers and pre-tokenizers in front of Unigram, as the rules and flags that core has.
#pragma once

#include "base/json.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

struct UnigramStages {
    NormalForm form{};         // or what comes before the normalizer
    Normalizer normalizer{};
    uint32_t flags = 0;        // of spaces
    bool splits = false;       // no piece goes on beyond a space
};

/// In this order, each where it stands: Replace of texts and steps that look at one character at a time (Nmt, Lowercase, StripAccents, NFD or
/// NFKD in front of it), or a normalization form and Lowercase; Precompiled; Strip on the right; Replace of " {2,}"; Prepend and Replace
/// that mark spaces. Then WhitespaceSplit or a Split that removes spaces, and Metaspace; or Metaspace alone.
/// Errors: E_UNSUPPORTED for any other part, by its name; E_SYNTAX, E_RANGE and E_LIMIT of a charsmap.
UnigramStages unigram_stages(const JsonView& root);

}  // namespace mote::tools
