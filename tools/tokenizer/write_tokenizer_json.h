// write_tokenizer_json: a tokenizer in the files of the ecosystem.
#pragma once

#include <string>

#include "model/tokenizer_model.h"

namespace mote::tools {

/// The text of a tokenizer.json in one of the two forms that import_tokenizer_json reads: byte-level, or (where the model folds
/// U+2581) SentencePiece-like without bytes. The importer makes the same model of it, but for eos, which tokenizer.json has no
/// place for.
/// Errors: E_UNSUPPORTED (a model with begin or end tokens of its own or with byte fallback), E_DUP (a control token whose name
/// is how the file writes another token).
std::string tokenizer_json(const TokenizerModel& model, const std::string& file);

/// The text of the tokenizer_config.json that goes beside it: which tokens end a text and stand for the unknown.
std::string tokenizer_config_json(const TokenizerModel& model);

}  // namespace mote::tools
