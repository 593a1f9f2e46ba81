// bert_normalizer: what becomes of every character of Unicode, in ranges where many become the same.
#include "tokenizer/bert_normalizer.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_map>

#include "base/utf8.h"

namespace mote::tools {
namespace {

constexpr uint32_t last_character = 0x10ffff, replacement_character = 0xfffd;

bool in(uint32_t c, uint32_t first, uint32_t last) { return c >= first && c <= last; }

bool is_chinese(uint32_t c) {
    return in(c, 0x4e00, 0x9fff) || in(c, 0x3400, 0x4dbf) || in(c, 0x20000, 0x2a6df) || in(c, 0x2a700, 0x2b73f) ||
           in(c, 0x2b740, 0x2b81f) || in(c, 0x2b820, 0x2ceaf) || in(c, 0xf900, 0xfaff) || in(c, 0x2f800, 0x2fa1f);
}

bool is_control(uint32_t c) {
    if (c == '\t' || c == '\n' || c == '\r') return false;
    return U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_C_MASK;
}

bool is_punctuation(uint32_t c) {
    const bool ascii = in(c, '!', '/') || in(c, ':', '@') || in(c, '[', '`') || in(c, '{', '~');
    return ascii || (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_P_MASK);
}

bool is_white(uint32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)); }

icu::UnicodeString without_accents(const icu::UnicodeString& text) {
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(error);
    const icu::UnicodeString apart = nfd->normalize(text, error);
    icu::UnicodeString out;
    for (int32_t i = 0; i < apart.length(); i = apart.moveIndex32(i, 1))
        if (u_charType(apart.char32At(i)) != U_NON_SPACING_MARK) out.append(apart.char32At(i));
    return out;
}

// A character that has become a text, with words apart by spaces.
NormalizationRule split(uint32_t c, const icu::UnicodeString& text, bool chinese) {
    const bool unchanged = text == icu::UnicodeString(static_cast<UChar32>(c)) && !is_white(c);
    if (unchanged) return {"", "", chinese || is_punctuation(c) ? NormalizationRule::To::itself_alone : NormalizationRule::To::itself};
    std::string out = chinese ? " " : "";
    for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
        const uint32_t part = static_cast<uint32_t>(text.char32At(i));
        out += is_white(part) ? " " : is_punctuation(part) ? " " + utf8(part) + " " : utf8(part);
    }
    return {"", chinese ? out + " " : out};
}

NormalizationRule rule_for(uint32_t c, const BertOptions& o) {
    if (o.clean_text && (c == 0 || c == replacement_character || is_control(c))) return {"", ""};
    if (is_white(c)) return {"", " "};
    icu::UnicodeString text(static_cast<UChar32>(c));
    if (o.strip_accents) text = without_accents(text);
    if (o.lowercase) text.toLower(icu::Locale::getRoot());
    return split(c, text, o.handle_chinese_chars && is_chinese(c));
}

bool same(const NormalizationRule& a, const NormalizationRule& b) { return a.how == b.how && a.to == b.to; }

template <class Rule>
Normalizer rules_of_all(const std::string& invalid, Rule rule_of) {
    Normalizer normalizer;
    normalizer.present = true;
    normalizer.invalid = invalid;
    for (uint32_t c = 0; c <= last_character; c++) {
        if (in(c, 0xd800, 0xdfff)) continue;
        const NormalizationRule rule = rule_of(c);
        if (rule.how == NormalizationRule::To::itself) continue;
        std::vector<NormalizationRange>& ranges = normalizer.ranges;
        if (!ranges.empty() && ranges.back().last + 1 == c && same(ranges.back().rule, rule)) ranges.back().last = c;
        else ranges.push_back({c, c, rule});
    }
    return normalizer;
}

bool same_ranges(const Normalizer& a, const Normalizer& b) {
    const auto equal = [](const NormalizationRange& x, const NormalizationRange& y) {
        return x.first == y.first && x.last == y.last && same(x.rule, y.rule);
    };
    return std::equal(a.ranges.begin(), a.ranges.end(), b.ranges.begin(), b.ranges.end(), equal);
}

}  // namespace

const Normalizer& bert_normalizer(const BertOptions& o) {
    static std::array<Normalizer, 16> made;
    static std::array<std::once_flag, 16> once;
    const size_t which = size_t(o.clean_text) | size_t(o.handle_chinese_chars) << 1 | size_t(o.strip_accents) << 2 | size_t(o.lowercase) << 3;
    const std::string invalid = o.clean_text ? "" : utf8(replacement_character);
    std::call_once(once[which], [&] { made[which] = rules_of_all(invalid, [&](uint32_t c) { return rule_for(c, o); }); });
    return made[which];
}

Normalizer bert_split_behind(const std::vector<CharacterStep>& steps) {
    std::unordered_map<std::string, std::string> changed;
    for (NormalizationRule& rule : normalizer_of(steps).rules) changed.emplace(std::move(rule.from), std::move(rule.to));
    return rules_of_all(utf8(replacement_character), [&](uint32_t c) {
        const auto found = changed.find(utf8(c));
        return split(
            c, found == changed.end() ? icu::UnicodeString(static_cast<UChar32>(c)) : icu::UnicodeString::fromUTF8(found->second),
            false);
    });
}

// One character each tells an option; then all of them must agree.
std::optional<BertOptions> bert_options_of(const Normalizer& normalizer) {
    if (!normalizer.present || !normalizer.rules.empty()) return std::nullopt;
    const auto changes = [&](uint32_t c) {
        return std::any_of(normalizer.ranges.begin(), normalizer.ranges.end(), [&](const NormalizationRange& r) { return in(c, r.first, r.last); });
    };
    const BertOptions options{changes(0x01), changes(0x4e00), changes(0xe9), changes('A')};  // a control character, "one" in Chinese, e acute
    return same_ranges(bert_normalizer(options), normalizer) ? std::optional<BertOptions>(options) : std::nullopt;
}

}  // namespace mote::tools
