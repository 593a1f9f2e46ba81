// vocabulary: the tokens of Hugging Face's tokenizers by text and id, and those that are added to them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/tokenizer_model.h"
#include "tokenizer/bpe.h"

namespace mote::tools {

/// Every token as the file writes it, by id and back. There are as many ids as tokens, so that an id cannot ask for memory.
struct Vocabulary {
    std::vector<std::optional<std::string>> text;
    TokenIds ids;
    size_t most = 0;
};

/// Where something is said: a file, and what in it.
struct Saying {
    std::string file{};
    std::string place{};  // empty: the file as a whole

    [[noreturn]] void refuse(const std::string& code, const std::string& text) const;
};

/// Errors: E_LIMIT, E_RANGE, E_DUP.
void add_token(const Saying& saying, const std::string& text, uint64_t id, Vocabulary& vocabulary);

/// An object from token to id, to which at most `added` others come; `place` is where it stands in its file.
/// Errors: E_EMPTY and those of add_token.
void read_vocabulary(const JsonView& vocab, const std::string& place, size_t added, Vocabulary& vocabulary);

/// Errors: E_RANGE (an id without a token).
void require_dense(const Vocabulary& vocabulary, const std::string& file);

/// A token that a text is searched for before it is cut.
struct AddedToken {
    std::string text{};
    uint64_t id = 0;
    uint32_t flags = 0;       // conditions of SPEC 6.7
    bool special = false;     // a control token, which is looked for in the text as it is
    bool normalized = false;  // it is looked for in normalized text
    Saying said{};
};

/// A token with "content", and with flags as tokenizer.json has them; `place` is where it stands in its file.
AddedToken added_token(const JsonView& token, uint64_t id, const std::string& place);

/// What the text of a token becomes in normalized text; nothing where it cannot be looked for there.
using NormalizedToken = std::function<std::optional<std::string>(const std::string&)>;

/// Added tokens stand beside the vocabulary or name a token in it. Returns how each of them is found.
/// Errors: E_EMPTY, E_DUP, E_UNSUPPORTED, and those of add_token.
std::vector<WholeRule> put_added(const std::vector<AddedToken>& added, const NormalizedToken& normalized, Vocabulary& vocabulary,
                                 TokenizerModel& model);

/// Pieces and tokens of bytes of a byte-level tokenizer; those that are added are written as they are.
void put_byte_level(const Vocabulary& vocabulary, TokenizerModel& model);

}  // namespace mote::tools
