// character_steps: every assigned character is sent through all steps.
#include "tokenizer/character_steps.h"

#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "base/utf8.h"

namespace mote::tools {
namespace {

constexpr uint32_t last_character = 0x10ffff;

// Characters that no step changes: unassigned ones, surrogates, and letters without case.
bool stays(UChar32 c) { return U_GET_GC_MASK(c) & (U_GC_CN_MASK | U_GC_CS_MASK | U_GC_CO_MASK | U_GC_LO_MASK); }

icu::UnicodeString without_marks(const icu::UnicodeString& text) {
    icu::UnicodeString out;
    for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1))
        if (!(U_GET_GC_MASK(text.char32At(i)) & U_GC_M_MASK)) out.append(text.char32At(i));
    return out;
}

// Each character on its own, so that a capital sigma is never at the end of a word.
icu::UnicodeString lower(const icu::UnicodeString& text) {
    icu::UnicodeString out;
    for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1))
        out.append(icu::UnicodeString(text.char32At(i)).toLower(icu::Locale::getRoot()));
    return out;
}

}  // namespace

std::optional<CharacterStep> step_named(const std::string& type) {
    if (type == "Lowercase") return CharacterStep::lowercase;
    if (type == "StripAccents") return CharacterStep::strip_accents;
    return std::nullopt;
}

Normalizer normalizer_of(const std::vector<CharacterStep>& steps) {
    Normalizer out;
    out.present = true;
    out.keeps_invalid = true;
    for (uint32_t code = 0; code <= last_character; code++) {
        const UChar32 c = static_cast<UChar32>(code);
        if (stays(c)) continue;
        const icu::UnicodeString character(c);
        icu::UnicodeString text = character;
        for (const CharacterStep step : steps) text = step == CharacterStep::lowercase ? lower(text) : without_marks(text);
        if (text == character) continue;
        std::string becomes;
        out.rules.push_back({utf8(code), text.toUTF8String(becomes)});
    }
    return out;
}

}  // namespace mote::tools
