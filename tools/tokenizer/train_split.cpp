// train_split: GPT-2's 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ without a regular expression.
#include "tokenizer/train_split.h"

#include <algorithm>

#include "../../core/src/utf8.h"
#include "model/char_class.h"

namespace mote::tools {
namespace {

std::array<CharClass, 128> ascii_classes() {
    std::array<CharClass, 128> classes{};
    for (uint32_t c = 0; c < 128; c++) classes[c] = class_of(c);
    return classes;
}

CharClass class_of_character(Character c) {
    static const std::array<CharClass, 128> ascii = ascii_classes();
    return c.code < 128 ? ascii[c.code] : c.code == invalid_character ? CharClass::other : class_of(c.code);
}

Character character_at(std::string_view text, size_t at) { return first_character(text.data() + at, text.size() - at); }

// The end of the run of one class that begins at `begin`, and where its last character begins.
struct Run {
    size_t end, last;
};

Run run_of(std::string_view text, size_t begin, CharClass wanted) {
    Run run{begin, begin};
    while (run.end < text.size() && run.end < max_word_bytes) {
        const Character c = character_at(text, run.end);
        if (class_of_character(c) != wanted) break;
        run.last = run.end;
        run.end += c.bytes;
    }
    return run;
}

size_t contraction(std::string_view text) {
    if (text[0] != '\'' || text.size() < 2) return 0;
    const char a = text[1], b = text.size() > 2 ? text[2] : '\0';
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

// Whether the last character of a text is white space; the text is not empty.
bool ends_with_space(std::string_view text) {
    size_t begin = text.size() - 1;
    while (begin > 0 && text.size() - begin < 4 && (text[begin] & 0xc0) == 0x80) begin--;
    const Character c = character_at(text, begin);
    return begin + c.bytes == text.size() && class_of_character(c) == CharClass::space;
}

// White space behind something else always begins a word, and that word begins nowhere else. Found from the back, at a cost
// that does not depend on the length of the text where it has such places.
size_t last_cut_before_space(std::string_view text, const SpecialTexts& specials, size_t known) {
    for (size_t at = known; at > 0; at--)
        if ((text[at] == ' ' || text[at] == '\n') && !ends_with_space(text.substr(0, at)) && !specials.cross(text, at)) return at;
    return 0;
}

// For text without such places: every piece from the start.
size_t last_cut_between_pieces(std::string_view text, const SpecialTexts& specials, size_t known) {
    Pieces pieces(text, specials);
    size_t cut = 0;
    for (Pieces::Piece piece; pieces.next(piece) && pieces.position() <= known;) cut = pieces.position();
    return cut;
}

}  // namespace

size_t first_word(std::string_view text) {
    if (const size_t n = contraction(text)) return n;
    const size_t begin = text[0] == ' ' && text.size() > 1 ? 1 : 0;
    const CharClass first = class_of_character(character_at(text, begin));
    if (first != CharClass::space) return run_of(text, begin, first).end;
    const Run spaces = run_of(text, 0, CharClass::space);
    if (spaces.end == text.size() || spaces.end >= max_word_bytes) return spaces.end;
    return spaces.last == 0 ? spaces.end : spaces.last;  // the last one goes with the word that follows, or stands alone
}

SpecialTexts::SpecialTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (const std::string& text : texts_) {
        longest_ = std::max(longest_, text.size());
        begins_[static_cast<uint8_t>(text[0])] = true;
    }
}

size_t SpecialTexts::at(std::string_view text, size_t at) const {
    if (!begins_[static_cast<uint8_t>(text[at])]) return 0;
    size_t longest = 0;
    for (const std::string& special : texts_)
        if (special.size() > longest && text.compare(at, special.size(), special) == 0) longest = special.size();
    return longest;
}

size_t SpecialTexts::find(std::string_view text, size_t from) const {
    while (from < text.size() && at(text, from) == 0) from++;
    return from;
}

bool SpecialTexts::cross(std::string_view text, size_t place) const {
    for (size_t from = place - std::min(place, longest_); from < place; from++)
        if (from + at(text, from) > place) return true;
    return false;
}

bool Pieces::next(Piece& piece) {
    if (at_ == text_.size()) return false;
    size_t bytes = 0;
    if (at_ == words_end_) {
        bytes = specials_.at(text_, at_);
        if (bytes == 0) words_end_ = specials_.find(text_, at_);
    }
    const bool special = bytes != 0;
    if (special)
        words_end_ = at_ + bytes;
    else
        bytes = first_word(text_.substr(at_, words_end_ - at_));
    piece = {text_.substr(at_, bytes), special};
    at_ += bytes;
    return true;
}

size_t last_safe_cut(std::string_view text, const SpecialTexts& specials) {
    // Up to here everything that decides where a piece ends can be seen: a control token, and two more characters.
    const size_t ahead = specials.longest() + 8;
    if (text.size() <= ahead) return 0;
    const size_t known = text.size() - ahead;
    const size_t cut = last_cut_before_space(text, specials, known);
    return cut ? cut : last_cut_between_pieces(text, specials, known);
}

}  // namespace mote::tools
