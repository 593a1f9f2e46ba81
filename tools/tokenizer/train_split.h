// train_split: where words and control tokens lie in a text, so that a tokenizer learns from the stretches it will merge.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mote::tools {

/// A run of one class that is longer counts as several words, so that memory stays bounded on any text.
constexpr size_t max_word_bytes = 1 << 20;

/// The length of the word that a text begins with, by the split rule of GPT-2; the text is not empty. Core's `encode` splits
/// at the same places (but for max_word_bytes).
size_t first_word(std::string_view text);

/// Control tokens as they stand in a text: the leftmost, and the longest that begins there.
class SpecialTexts {
public:
    /// No text may be empty.
    explicit SpecialTexts(std::vector<std::string> texts);

    const std::vector<std::string>& texts() const { return texts_; }
    size_t longest() const { return longest_; }
    /// The length of the longest that stands at `at`, or 0.
    size_t at(std::string_view text, size_t at) const;
    /// Where the next one begins, from `at` on; the text's size if there is none.
    size_t find(std::string_view text, size_t at) const;
    /// Whether one begins before `place` and ends behind it.
    bool cross(std::string_view text, size_t place) const;

private:
    std::vector<std::string> texts_;
    size_t longest_ = 0;
    std::array<bool, 256> begins_{};
};

/// A text piece by piece: words, and control tokens that no word crosses. Refers to both arguments.
class Pieces {
public:
    Pieces(std::string_view text, const SpecialTexts& specials) : text_(text), specials_(specials) {}

    struct Piece {
        std::string_view text;
        bool special;
    };
    /// Whether there was one more piece.
    bool next(Piece& piece);
    /// How many bytes of the text have been passed.
    size_t position() const { return at_; }

private:
    std::string_view text_;
    const SpecialTexts& specials_;
    size_t at_ = 0, words_end_ = 0;
};

/// The end of the last piece that stays as it is whatever follows the text; 0 if there is none. A piece begins at the text's
/// start.
size_t last_safe_cut(std::string_view text, const SpecialTexts& specials);

}  // namespace mote::tools
