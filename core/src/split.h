// split: the words of a text, between which no merge happens.
#pragma once

#include "encode.h"
#include "utf8.h"

namespace mote {

/// Walks the words of a stretch from its start. Linear in the stretch for every rule, and without memory beside this.
class Words {
public:
    Words(const Tokenizer& tokenizer, const Stretch& stretch);

    /// The next word; false at the end.
    bool next(Stretch& word);

    // For the rules: positions count the space that is not in the text.
    size_t size() const { return text_.count + front_; }
    Character character(size_t at) const {
        if (at < front_) return {' ', 1};
        return first_character(text_.data + (at - front_), size() - at);
    }
    uint8_t byte(size_t at) const { return at < front_ ? uint8_t(' ') : uint8_t(text_[at - front_]); }
    uint8_t char_class(Character c) const { return c.code < sizeof ascii_ ? ascii_[c.code] : mote::char_class(tokenizer_, c.code); }
    /// A space, or the mark that counts as one; its bytes, or 0.
    size_t space_at(size_t at) const;

private:
    const Tokenizer& tokenizer_;
    Span<const char> text_;
    uint64_t where_;
    size_t front_;                         // 1: a space is in front that is not in the text
    size_t at_ = 0;
    size_t piece_end_[max_pre_tokenizers] = {};  // of the piece of each stage in which `at_` lies
    uint8_t ascii_[128];                   // classes
};

}  // namespace mote
