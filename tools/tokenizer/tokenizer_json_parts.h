// tokenizer_json_parts: what a tokenizer.json has for every type of model: its stages, its tokens, and what stands around a text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/tokenizer_model.h"
#include "tokenizer/vocabulary.h"

namespace mote::tools {

constexpr const char* marker = "\xe2\x96\x81";  // U+2581, a space in pieces

std::string type_of(const JsonView& part);
[[noreturn]] void refuse_part(const JsonView& part, const std::string& why = "");

/// The parts of a pipeline stage: none, one, or those of a Sequence in the member `list`, and of Sequences in it.
std::vector<JsonView> parts_of(const JsonView& root, const char* stage, const char* list);

/// Whether a normalizer is a form of the text as a whole. Not so one whose marks StripAccents takes away later: their order does
/// not count.
bool is_form(const std::vector<JsonView>& normalizers, size_t i);

/// Whether a Replace part turns exactly `from` into `to`.
bool replaces(const JsonView& part, const std::string& from, const std::string& to);

/// model.vocab, an object from token to id. Errors: those of read_vocabulary (vocabulary.h).
void read_model_vocabulary(const JsonView& root, Vocabulary& vocabulary);

/// Special tokens are control tokens, which are looked for in the text as it is; of the others, those that are to be normalized are
/// looked for in normalized text. Returns how each of them is found. Errors: those of put_added.
std::vector<WholeRule> read_added(const JsonView& root, const NormalizedToken& normalized, Vocabulary& vocabulary, TokenizerModel& model);

/// The unknown token, where the model names one.
void read_unknown(const JsonView& model, const Vocabulary& vocabulary, TokenizerModel& out);

/// One token before the text, one behind it, or both. Errors: E_UNSUPPORTED, E_TOKEN.
void read_post_processor(const JsonView& root, TokenizerModel& model);

void note_ignored(const JsonView& root, std::vector<std::string>& notes);

}  // namespace mote::tools
