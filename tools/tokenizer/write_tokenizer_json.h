// write_tokenizer_json: a tokenizer in the files of the ecosystem.
#pragma once

#include <string>
#include <vector>

#include "model/tokenizer_model.h"

namespace mote::tools {

/// The text of a tokenizer.json of which import_tokenizer_json makes the same model, but for bos and eos where they are not put
/// around texts, which the file has no place for. As in the files that transformers makes of SentencePiece's models, the space in
/// front of a text goes behind control tokens as well, merges of one rank follow each other, U+2581 in a text is a space, and scores
/// add up in float64, of which `notes` tells.
/// Errors: E_UNSUPPORTED (by the name of what the file cannot say), E_DUP (two tokens that the file would write alike).
std::string tokenizer_json(const TokenizerModel& model, const std::string& file, std::vector<std::string>* notes = nullptr);

/// The text of the tokenizer_config.json that goes beside it: which tokens end a text and stand for the unknown.
std::string tokenizer_config_json(const TokenizerModel& model);

}  // namespace mote::tools
