// tokenizer_sentencepiece: SentencePiece `.model` files of type Unigram and BPE.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "model/tokenizer_model.h"
#include "tokenizer/vocabulary.h"

namespace mote::tools {

/// Whether a file begins as a SentencePiece model does: a protocol buffer whose first field is a piece that begins with its text.
bool is_sentencepiece(std::string_view bytes);

/// Encodes as `spm_encode` does, which adds no begin and no end token.
/// Errors: those of read_sentencepiece_model and read_charsmap; E_UNSUPPORTED (named in the message).
TokenizerModel import_tokenizer_sentencepiece(const MappedFile& file, std::vector<std::string>& notes);

/// Control tokens that files beside a `.model` add behind its pieces. Files may name its own control tokens and user-defined
/// symbols, too. Errors: E_EMPTY, E_DUP, E_RANGE (a hole in the ids), E_UNSUPPORTED (tokens that every text is searched for: what
/// becomes of the text around them depends on the class and its version).
void add_control_tokens(std::vector<AddedToken> added, TokenizerModel& model);

}  // namespace mote::tools
