// char_class: what Unicode says of a character, and what a rule that names characters itself says of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mote/format.h"

namespace mote::tools {

/// Letter (L), number (N), white space, or other; code points that no character has are other.
CharClass class_of(uint32_t code_point);

/// A character of words: alphabetic, a mark, a decimal digit, connecting punctuation, or a joiner. The \w of Unicode Technical Standard 18.
bool is_word_character(uint32_t code_point);

/// Code points, both ends among them.
struct CodeRange {
    uint32_t first, last;
};

/// All of ASCII that Unicode calls symbols.
constexpr const char* ascii_symbols = "$+<=>^`|~";

/// Which characters the rules of a tokenizer mean by letters, punctuation and ideographs.
struct CharSets {
    std::vector<CodeRange> letters;      // empty: Unicode's L
    std::vector<CodeRange> punctuation;  // empty: Unicode's P
    std::vector<CodeRange> ideographs;
    std::string symbols;                 // characters that are punctuation as well; ASCII
};

/// The bits of CharClass that the stages of a pre-tokenizer ask for.
uint8_t bits_asked(PreTokenizer stages);

/// Every bit of CharClass that holds.
uint8_t bits_of(uint32_t code_point, const CharSets& sets);

/// Ascending from 0: code points from each of which to the next bits_of stays the same.
std::vector<uint32_t> class_edges(const CharSets& sets);

}  // namespace mote::tools
