// character_steps: every assigned character is sent through all steps.
#include "tokenizer/character_steps.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "base/utf8.h"

namespace mote::tools {
namespace {

constexpr uint32_t last_character = 0x10ffff;

// Characters that no step changes: unassigned ones, surrogates, and letters without case that have no parts.
bool stays(UChar32 c) {
    if (!(U_GET_GC_MASK(c) & (U_GC_CN_MASK | U_GC_CS_MASK | U_GC_CO_MASK | U_GC_LO_MASK))) return false;
    return u_getIntPropertyValue(c, UCHAR_DECOMPOSITION_TYPE) == U_DT_NONE;
}

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

// The lists of SentencePiece's Nmt, as Hugging Face's has them.
bool nmt_drops(UChar32 c) { return (c >= 1 && c <= 8) || c == 0x0b || (c >= 0x0e && c <= 0x1f) || c == 0x7f || c == 0x8f || c == 0x9f; }
bool nmt_spaces(UChar32 c) {
    return c == '\t' || c == '\n' || c == 0x0c || c == '\r' || c == 0x1680 || (c >= 0x200b && c <= 0x200f) || c == 0x2028 || c == 0x2029 ||
           c == 0x2581 || c == 0xfeff || c == 0xfffd;
}

icu::UnicodeString nmt(const icu::UnicodeString& text) {
    icu::UnicodeString out;
    for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1))
        if (const UChar32 c = text.char32At(i); !nmt_drops(c)) out.append(nmt_spaces(c) ? UChar32(' ') : c);
    return out;
}

icu::UnicodeString apart(const char* data, const icu::UnicodeString& text) {
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* form = icu::Normalizer2::getInstance(nullptr, data, UNORM2_DECOMPOSE, error);
    return form->normalize(text, error);
}

icu::UnicodeString after(CharacterStep step, const icu::UnicodeString& text) {
    switch (step) {
        case CharacterStep::lowercase: return lower(text);
        case CharacterStep::strip_accents: return without_marks(text);
        case CharacterStep::nmt: return nmt(text);
        case CharacterStep::nfd: return apart("nfc", text);
        case CharacterStep::nfkd: return apart("nfkc", text);
    }
    return text;
}

icu::UnicodeString after_steps(const std::vector<CharacterStep>& steps, icu::UnicodeString text) {
    for (const CharacterStep step : steps) text = after(step, text);
    return text;
}

}  // namespace

std::optional<CharacterStep> step_named(const std::string& type) {
    if (type == "Lowercase") return CharacterStep::lowercase;
    if (type == "StripAccents") return CharacterStep::strip_accents;
    if (type == "Nmt") return CharacterStep::nmt;
    if (type == "NFD") return CharacterStep::nfd;
    if (type == "NFKD") return CharacterStep::nfkd;
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
        const icu::UnicodeString text = after_steps(steps, character);
        if (text == character) continue;
        std::string becomes;
        out.rules.push_back({utf8(code), text.toUTF8String(becomes)});
    }
    return out;
}

std::string after_steps(const std::vector<CharacterStep>& steps, const std::string& text) {
    std::string out;
    return after_steps(steps, icu::UnicodeString::fromUTF8(text)).toUTF8String(out);
}

}  // namespace mote::tools
