// tokenizer: text to tokens and back, from tables in the model file. No heap, no search through the whole vocabulary.
#pragma once

#include "mote/format.h"
#include "mote/result.h"

namespace mote {

/// A checked tokenizer section.
struct Tokenizer {
    const uint8_t* section = nullptr;
    uint32_t vocab = 0;        // 0: there is no tokenizer
    bool keeps_ascii = false;  // no rule of the normalizer speaks of visible ASCII and spaces alone

    const TokenizerHeader& header() const { return *reinterpret_cast<const TokenizerHeader*>(section); }
};

/// Checks a section: every offset, every id, the order of every sorted table.
/// Errors as `open`; `fault.where` is an offset from the start of the section.
Result<Tokenizer> open_tokenizer(const uint8_t* section, size_t bytes);

/// Bytes [begin, end) of a text.
struct TextRange {
    size_t begin, end;
};

/// What `encode` does beside the plain text.
struct EncodeOptions {
    bool add_special = true;     // bos and eos, as the tokenizer says
    bool parse_special = false;  // the text of a control token becomes that token
    bool goes_on = false;        // the text follows other text: no space goes in front of it, whatever the tokenizer says
    Span<const TextRange> quoted = {};  // with parse_special: control tokens that reach into these are text; ascending.
                                        // A firmware that was built for plain tokenizers alone looks at none
    Span<uint8_t> words = {};    // remembers words from one call to the next: at a multiple of 4, zeros before the first call, for one
                                 // tokenizer. 64 bytes for two words, at most 2 MiB are of use; without it a part of the scratch does it,
                                 // as it always does in a firmware that was built for byte-pair tokenizers alone
};

/// Bytes of scratch that `encode` may need for a text of that many bytes: linear. 0 without a tokenizer.
/// Errors: overflow.
Result<size_t> encode_scratch(const Tokenizer& tokenizer, size_t text_bytes);

/// Tokens that a text of that many bytes may make, at most; begin and end tokens are counted.
size_t encode_limit(const Tokenizer& tokenizer, size_t text_bytes);

/// Turns text into token ids; O(n log n) in the text. Any bytes are text: what is not valid UTF-8 becomes byte tokens.
///   scratch  at a multiple of 4, encode_scratch() bytes
/// Returns the number of tokens written.
/// Errors: argument, buffer_too_small (`found` is what was given, `allowed` what is needed: tokens where `where` is 0, bytes
/// of scratch where it is 1), unsupported (no tokenizer), missing (a byte that no token covers, at `where`).
Result<size_t> encode(const Tokenizer& tokenizer, Span<const char> text, const EncodeOptions& options, Span<uint8_t> scratch,
                      Span<uint32_t> tokens);

/// The bytes of a token; empty for ids outside the vocabulary. Control tokens give their name.
Span<const char> piece(const Tokenizer& tokenizer, uint32_t token);

/// Whether a token is a control token: one that text never makes and that decode leaves out.
bool is_special(const Tokenizer& tokenizer, uint32_t token);

/// The record of the chat template; nullptr if the tokenizer has none, or in a firmware that was built for plain tokenizers alone.
const ChatTables* chat_template(const Tokenizer& tokenizer);

/// Why the template that the model came with could not be taken in; empty if that is not known.
Span<const char> chat_refusal(const Tokenizer& tokenizer);

/// A part of the chat template, in the model file. Needs a template.
Span<const char> chat_part(const Tokenizer& tokenizer, ChatPart part);

/// Whether a token ends the assistant's turn: one of the template's stop tokens. Needs a template.
bool ends_turn(const Tokenizer& tokenizer, uint32_t token);

/// Turns a stream of tokens into text that is never cut inside a UTF-8 character.
struct Decoder {
    const Tokenizer* tokenizer = nullptr;
    bool show_special = false;
    bool at_start = true;        // the space that encode put in front is still to be taken away
    uint8_t held_count = 0;
    char held[4] = {};           // the first bytes of a character whose rest is still to come
    char completed[4] = {};      // that character, once the rest has come
};

/// What one token adds: first `head`, then `body`. Both hold until the next call.
struct DecodedText {
    Span<const char> head;       // bytes that were held back before, with what completes them
    Span<const char> body;       // in the model file
};

/// The text that can be shown after this token. A character that is not complete is held back; bytes that can never become
/// one are passed through.
DecodedText decode(Decoder& decoder, uint32_t token);

/// The bytes still held at the end of a stream.
Span<const char> flush(Decoder& decoder);

}  // namespace mote
