// unicode_forms: decompositions to the end, the pairs that compose, and for every character whether it stays.
#include "tokenizer/unicode_forms.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <array>
#include <iterator>
#include <mutex>

#include "base/error.h"
#include "base/utf8.h"

namespace mote::tools {
namespace {

constexpr uint32_t last_character = 0x10ffff;
constexpr uint8_t starter_that_may_change = 255;
constexpr const char* names[] = {"NFD", "NFC", "NFKD", "NFKC"};  // by flags

bool is_surrogate(uint32_t c) { return c >= 0xd800 && c <= 0xdfff; }
bool is_syllable(uint32_t c) { return c >= 0xac00 && c <= 0xd7a3; }  // of Hangul, which core computes

std::string utf8_of(const icu::UnicodeString& text) {
    std::string out;
    return text.toUTF8String(out);
}

// ICU's tables of the form, and those of composition, which NFC has.
struct Data {
    const icu::Normalizer2* form = nullptr;
    const icu::Normalizer2* composition = nullptr;

    explicit Data(uint32_t flags) {
        UErrorCode error = U_ZERO_ERROR;
        const UNormalization2Mode mode = flags & normal_form_composed ? UNORM2_COMPOSE : UNORM2_DECOMPOSE;
        form = icu::Normalizer2::getInstance(nullptr, flags & normal_form_compatible ? "nfkc" : "nfc", mode, error);
        composition = icu::Normalizer2::getNFCInstance(error);
        if (U_FAILURE(error)) throw Failure(Exit::internal, "E_INTERNAL", "ICU", std::nullopt, u_errorName(error));
    }

    bool stays(UChar32 c) const {
        UErrorCode error = U_ZERO_ERROR;
        return form->hasBoundaryBefore(c) && form->quickCheck(icu::UnicodeString(c), error) == UNORM_YES;
    }
};

void add_rules(const Data& data, uint32_t c, NormalForm& out) {
    icu::UnicodeString parts;
    if (data.form->getDecomposition(static_cast<UChar32>(c), parts)) out.rules.push_back({utf8(c), utf8_of(parts)});
    if (!(out.flags & normal_form_composed) || !data.composition->getRawDecomposition(static_cast<UChar32>(c), parts)) return;
    const UChar32 first = parts.char32At(0);
    const int32_t second_at = parts.moveIndex32(0, 1);
    if (second_at < parts.length() && data.composition->composePair(first, parts.char32At(second_at)) == static_cast<UChar32>(c))
        out.rules.push_back({utf8_of(parts), utf8(c)});
}

NormalForm tables_of(uint32_t flags) {
    const Data data(flags);
    UVersionInfo version;
    u_getUnicodeVersion(version);
    NormalForm out;
    out.present = true;
    out.flags = flags;
    out.unicode = uint32_t(version[0]) << 8 | version[1];
    for (uint32_t c = 0; c <= last_character; c++) {
        if (is_surrogate(c)) continue;
        const uint8_t combining = u_getCombiningClass(static_cast<UChar32>(c));
        const uint32_t own = combining ? combining : data.stays(static_cast<UChar32>(c)) ? 0 : starter_that_may_change;
        if (out.classes.empty() || (out.classes.back() & 0xff) != own) out.classes.push_back(c << 8 | own);
        if (!is_syllable(c)) add_rules(data, c, out);
    }
    return out;
}

}  // namespace

const NormalForm& unicode_form(uint32_t flags) {
    static std::array<NormalForm, 4> made;
    static std::array<std::once_flag, 4> once;
    std::call_once(once.at(flags), [&] { made[flags] = tables_of(flags); });
    return made[flags];
}

std::string name_of(const NormalForm& form) {
    if (!form.present) return "";
    return form.flags & normal_form_rules ? "replacements" : names[form.flags];
}

std::string in_form(const NormalForm& form, const std::string& text) {
    if (!form.present) return text;
    UErrorCode error = U_ZERO_ERROR;
    return utf8_of(Data(form.flags).form->normalize(icu::UnicodeString::fromUTF8(text), error));
}

uint32_t form_named(const std::string& name) {
    for (uint32_t flags = 0; flags < std::size(names); flags++)
        if (name == names[flags]) return flags;
    return no_token;
}

std::string version_of(const NormalForm& form) { return std::to_string(form.unicode >> 8) + "." + std::to_string(form.unicode & 0xff); }

}  // namespace mote::tools
