// inspect_tokenizer: what a tokenizer contains, in a .mote file, a checkpoint or a file of its own, as lines or as JSON.
#pragma once

#include <string>

#include "base/json.h"
#include "model/tokenizer_model.h"
#include "mote/mote.h"

namespace mote::tools {

/// kind, pieces, normalized, begin, adds_begin, end, adds_end, unknown, control_tokens, template (its parts, SPEC 6.5, or null);
/// of byte-pair merges also merges and split_rule. null if the file has no tokenizer.
Json describe_tokenizer(const Tokenizer& tokenizer);

/// The same before it is packed; with template_source, the template in Jinja or null.
Json describe_tokenizer(const TokenizerModel& model);

/// Lines "tokenizer", "tokens" and "template".
std::string table_of_tokenizer(const Json& tokenizer);

/// What a file or folder without weights is as a tokenizer ("a tokenizer.json", "a SentencePiece model" ...); empty if it is none.
std::string tokenizer_format(const std::string& path);

/// file, format, tokenizer, notes.
Json describe_tokenizer_file(const std::string& path);

}  // namespace mote::tools
