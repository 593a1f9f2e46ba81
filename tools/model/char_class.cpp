// char_class: asked of ICU.
#include "model/char_class.h"

#include <unicode/uchar.h>

#include <algorithm>

namespace mote::tools {
namespace {

bool lies_in(const std::vector<CodeRange>& ranges, uint32_t code) {
    return std::any_of(ranges.begin(), ranges.end(), [&](CodeRange r) { return code >= r.first && code <= r.last; });
}

bool is_punctuation(uint32_t code, const CharSets& sets) {
    if (!sets.punctuation.empty()) return lies_in(sets.punctuation, code);
    if (code < 0x80 && sets.symbols.find(static_cast<char>(code)) != std::string::npos) return true;
    return U_GET_GC_MASK(static_cast<UChar32>(code)) & U_GC_P_MASK;
}

uint8_t bits_of_stage(PreTokenizer stage) {
    const uint8_t letter = uint8_t(CharClass::letter), number = uint8_t(CharClass::number), space = uint8_t(CharClass::space);
    const uint8_t punctuation = uint8_t(CharClass::punctuation), newline = uint8_t(CharClass::newline);
    switch (stage) {
        case PreTokenizer::gpt2: return letter | number | space;
        case PreTokenizer::llama3:
        case PreTokenizer::qwen2: return letter | number | space | newline;
        case PreTokenizer::newline: return newline;
        case PreTokenizer::letters: return letter | space;
        case PreTokenizer::punctuation: return punctuation | space;
        case PreTokenizer::trailing_space: return space;
        case PreTokenizer::ideographs: return uint8_t(CharClass::ideograph);
        case PreTokenizer::digit:
        case PreTokenizer::digits:
        case PreTokenizer::up_to_three_digits: return number;
        case PreTokenizer::marks: return punctuation;
        case PreTokenizer::none:
        case PreTokenizer::byte_digits:
        case PreTokenizer::three_digits:
        case PreTokenizer::each_space:
        case PreTokenizer::first_space: break;
    }
    return 0;
}

// Where Unicode's general category changes; and all of Latin-1, where symbols and white space do not follow categories.
const std::vector<uint32_t>& unicode_edges() {
    static const std::vector<uint32_t> edges = [] {
        std::vector<uint32_t> found;
        for (uint32_t c = 0; c < 0x100; c++) found.push_back(c);
        const auto take = [](const void* to, UChar32 start, UChar32, UCharCategory) -> UBool {
            if (start >= 0x100) static_cast<std::vector<uint32_t>*>(const_cast<void*>(to))->push_back(static_cast<uint32_t>(start));
            return true;
        };
        u_enumCharTypes(take, &found);
        return found;
    }();
    return edges;
}

}  // namespace

CharClass class_of(uint32_t code_point) {
    const UChar32 c = static_cast<UChar32>(code_point);
    if (U_GET_GC_MASK(c) & U_GC_L_MASK) return CharClass::letter;
    if (U_GET_GC_MASK(c) & U_GC_N_MASK) return CharClass::number;
    return u_isUWhiteSpace(c) ? CharClass::space : CharClass::other;
}

bool is_word_character(uint32_t code_point) {
    const UChar32 c = static_cast<UChar32>(code_point);
    if (U_GET_GC_MASK(c) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) return true;
    return u_hasBinaryProperty(c, UCHAR_ALPHABETIC) || u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL);
}

uint8_t bits_asked(PreTokenizer stages) {
    uint8_t bits = 0;
    for (uint32_t rest = uint32_t(stages); rest; rest >>= pre_tokenizer_bits)
        bits |= bits_of_stage(PreTokenizer(rest & ((1u << pre_tokenizer_bits) - 1)));
    return bits;
}

uint8_t bits_of(uint32_t code_point, const CharSets& sets) {
    const CharClass general = class_of(code_point);
    const bool letter = sets.letters.empty() ? general == CharClass::letter : lies_in(sets.letters, code_point);
    uint8_t bits = general == CharClass::letter ? 0 : uint8_t(general);
    if (letter) bits |= uint8_t(CharClass::letter);
    if (is_punctuation(code_point, sets)) bits |= uint8_t(CharClass::punctuation);
    if (lies_in(sets.ideographs, code_point)) bits |= uint8_t(CharClass::ideograph);
    if (code_point == '\r' || code_point == '\n') bits |= uint8_t(CharClass::newline);
    return bits;
}

std::vector<uint32_t> class_edges(const CharSets& sets) {
    std::vector<uint32_t> edges = unicode_edges();
    for (const auto* ranges : {&sets.letters, &sets.punctuation, &sets.ideographs})
        for (const CodeRange r : *ranges) edges.insert(edges.end(), {r.first, r.last + 1});
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    edges.erase(std::lower_bound(edges.begin(), edges.end(), 0x110000u), edges.end());
    return edges;
}

}  // namespace mote::tools
