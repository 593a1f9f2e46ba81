// tokenizer_sentencepiece: SentencePiece `.model` files of type Unigram and BPE.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "model/tokenizer_model.h"

namespace mote::tools {

/// Whether a file begins as a SentencePiece model does: a protocol buffer whose first field is a piece that begins with its text.
bool is_sentencepiece(std::string_view bytes);

/// Encodes as `spm_encode` does, which adds no begin and no end token.
/// Errors: those of read_sentencepiece_model and read_charsmap; E_UNSUPPORTED (named in the message).
TokenizerModel import_tokenizer_sentencepiece(const MappedFile& file, std::vector<std::string>& notes);

}  // namespace mote::tools
