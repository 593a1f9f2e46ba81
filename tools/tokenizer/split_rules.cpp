// split_rules: known expressions are compared as text; classes of written-out characters are read.
#include "tokenizer/split_rules.h"

#include <algorithm>

#include "../../core/src/utf8.h"
#include "base/utf8.h"

namespace mote::tools {
namespace {

constexpr PreTokenizer then(PreTokenizer a, PreTokenizer b, PreTokenizer c = PreTokenizer::none, PreTokenizer d = PreTokenizer::none) {
    return PreTokenizer(uint32_t(a) | uint32_t(b) << pre_tokenizer_bits | uint32_t(c) << 2 * pre_tokenizer_bits |
                        uint32_t(d) << 3 * pre_tokenizer_bits);
}

// ---- expressions

struct Pattern {
    std::string_view regex;
    PreTokenizer stages;
};

constexpr Pattern patterns[] = {
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", PreTokenizer::gpt2},
    // What the last part would match lies between two matches.
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))", PreTokenizer::gpt2},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", PreTokenizer::gpt2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PreTokenizer::llama3},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PreTokenizer::qwen2},
    {R"([\r\n])", PreTokenizer::newline},
    {R"(\s?\p{L}+)", PreTokenizer::letters},
    {R"(\s?\p{P}+)", PreTokenizer::punctuation},
    {R"(\s+$)", PreTokenizer::trailing_space},
    {R"(\p{N})", PreTokenizer::digit},
    {R"(\p{N}+)", PreTokenizer::digits},
    {R"(\p{N}{1,3})", PreTokenizer::up_to_three_digits},
    {R"([0-9][0-9][0-9])", PreTokenizer::three_digits},
    {R"([0-9]{3})", PreTokenizer::three_digits},
};

// Line ends may stand in the expression as themselves or as escapes.
std::string with_escapes(std::string_view regex) {
    std::string out;
    for (const char c : regex) out += c == '\r' ? "\\r" : c == '\n' ? "\\n" : std::string(1, c);
    return out;
}

// The characters and ranges between the brackets of a class that has nothing else in it.
std::optional<std::vector<CodeRange>> read_class(std::string_view text) {
    constexpr std::string_view has_a_meaning = "\\^[]&";
    std::vector<CodeRange> ranges;
    bool open = false;  // the range waits for its end
    while (!text.empty()) {
        const Character c = first_character(text.data(), text.size());
        if (c.code == invalid_character || (c.code < 0x80 && has_a_meaning.find(char(c.code)) != std::string_view::npos)) return std::nullopt;
        text.remove_prefix(c.bytes);
        if (open) {
            if (c.code < ranges.back().first) return std::nullopt;
            ranges.back().last = c.code;
            open = false;
        } else if (c.code == '-' && !ranges.empty() && !text.empty()) {
            open = true;
        } else {
            ranges.push_back({c.code, c.code});
        }
    }
    if (open || ranges.empty()) return std::nullopt;
    return ranges;
}

// [characters]+, or the same behind \s?: letters if there is a letter at the front, else punctuation.
std::optional<SplitRule> rule_of_class(std::string_view regex) {
    constexpr std::string_view lead = "\\s?[", end = "]+";
    const bool leads = regex.substr(0, lead.size()) == lead;
    const size_t begin = leads ? lead.size() : 1;
    if (regex.size() < begin + end.size() || regex[begin - 1] != '[' || regex.substr(regex.size() - end.size()) != end) return std::nullopt;
    const auto ranges = read_class(regex.substr(begin, regex.size() - begin - end.size()));
    if (!ranges) return std::nullopt;
    if (!leads) return SplitRule{PreTokenizer::ideographs, {{}, {}, *ranges, {}}};
    if (class_of(ranges->front().first) == CharClass::letter) return SplitRule{PreTokenizer::letters, {*ranges, {}, {}, {}}};
    return SplitRule{PreTokenizer::punctuation, {{}, *ranges, {}, {}}};
}

std::string class_text(const std::vector<CodeRange>& ranges) {
    std::string text = "[";
    for (const CodeRange& range : ranges) text += utf8(range.first) + (range.last > range.first ? "-" + utf8(range.last) : "");
    return text + "]+";
}

// ---- names

constexpr PreTokenizer each_digit = then(PreTokenizer::digit, PreTokenizer::gpt2);
constexpr PreTokenizer falcon = then(PreTokenizer::marks, PreTokenizer::gpt2, PreTokenizer::byte_digits, PreTokenizer::three_digits);
constexpr PreTokenizer by_default = then(PreTokenizer::marks, PreTokenizer::gpt2, PreTokenizer::digits, PreTokenizer::three_digits);

struct Name {
    std::string_view name;
    PreTokenizer stages;
    const char* symbols = "";
    bool whole_words = false, begins = false;
};

// Names with one meaning follow each other; the first of them is written. What each means was compared with llama.cpp's source
// (llama-vocab.cpp, the expressions by type and the types by name). Two are meant to differ from it: Falcon's digits are looked for among the
// characters that stand for bytes, as the model's own tokenizer.json has it, and DeepSeek LLM's go one by one, by the Digits of its
// tokenizer.json, of which no copy was at hand.
constexpr Name names[] = {
    {"gpt-2", PreTokenizer::gpt2},
    {"phi-2", PreTokenizer::gpt2},
    {"gigachat", PreTokenizer::gpt2},
    {"roberta-bpe", PreTokenizer::gpt2},
    {"jina-es", PreTokenizer::gpt2},
    {"jina-de", PreTokenizer::gpt2},
    {"jina-v1-en", PreTokenizer::gpt2},
    {"jina-v2-es", PreTokenizer::gpt2},
    {"jina-v2-de", PreTokenizer::gpt2},
    {"jina-v2-code", PreTokenizer::gpt2},
    {"mpt", PreTokenizer::gpt2},
    {"olmo", PreTokenizer::gpt2},
    {"jais", PreTokenizer::gpt2},
    {"exaone4", PreTokenizer::gpt2},
    {"a.x-4.0", PreTokenizer::gpt2},
    {"mellum", PreTokenizer::gpt2},
    {"trillion", PreTokenizer::gpt2},
    {"granite-docling", PreTokenizer::gpt2},
    {"llama-bpe", PreTokenizer::llama3, "", true, true},
    {"llama3", PreTokenizer::llama3, "", true, true},
    {"llama-v3", PreTokenizer::llama3, "", true, true},
    {"falcon3", PreTokenizer::llama3, "", true, true},
    {"falcon-h1", PreTokenizer::llama3, "", true, true},
    {"pixtral", PreTokenizer::llama3, "", true, true},
    {"midm-2.0", PreTokenizer::llama3, "", true, true},
    {"lfm2", PreTokenizer::llama3, "", true, true},
    {"smaug-bpe", PreTokenizer::llama3},
    {"dbrx", PreTokenizer::llama3},
    {"chatglm-bpe", PreTokenizer::llama3},
    {"glm4", PreTokenizer::llama3},
    {"qwen2", PreTokenizer::qwen2},
    {"deepseek-r1-qwen", PreTokenizer::qwen2},
    {"kormo", PreTokenizer::qwen2},
    {"megrez", PreTokenizer::qwen2},
    {"stablelm2", PreTokenizer::qwen2},
    {"hunyuan", PreTokenizer::qwen2},
    {"grok-2", PreTokenizer::qwen2},
    {"starcoder", each_digit},
    {"refact", each_digit},
    {"command-r", each_digit},
    {"smollm", each_digit},
    {"codeshell", each_digit},
    {"exaone", each_digit},
    {"minerva-7b", each_digit},
    {"falcon", falcon, ascii_symbols},
    {"default", by_default, "$+<=>^|~"},
};

constexpr const char* deepseek_letters =
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373\u0376\u0377"
    "\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0"
    "-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18"
    "-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2"
    "-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115"
    "\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00"
    "-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70"
    "-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb"
    "\U00010c80-\U00010cb2\U00010cc0-\U00010cf2\U000118a0-\U000118df\U0001e900-\U0001e943";
constexpr const char* deepseek_punctuation = "!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002";
constexpr const char* deepseek_ideographs = "\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff";

constexpr std::string_view deepseek_llm = "deepseek-llm", deepseek_coder = "deepseek-coder";

SplitRule joined(std::initializer_list<std::string> stages) {
    SplitRule rule;
    for (const std::string& regex : stages) append(rule, rule_of_pattern(regex).value());
    return rule;
}

}  // namespace

std::optional<SplitRule> rule_of_pattern(std::string_view regex) {
    const std::string text = with_escapes(regex);
    for (const Pattern& pattern : patterns)
        if (pattern.regex == text) return SplitRule{pattern.stages, {}};
    return rule_of_class(text);
}

std::optional<std::string> pattern_of(PreTokenizer stage, const CharSets& sets) {
    std::string regex;
    if (stage == PreTokenizer::ideographs) regex = class_text(sets.ideographs);
    else if (stage == PreTokenizer::letters && !sets.letters.empty()) regex = "\\s?" + class_text(sets.letters);
    else if (stage == PreTokenizer::punctuation && !sets.punctuation.empty()) regex = "\\s?" + class_text(sets.punctuation);
    for (const Pattern& pattern : patterns)
        if (regex.empty() && pattern.stages == stage) regex = pattern.regex;
    const std::optional<SplitRule> read = rule_of_pattern(regex);
    return read && same_rule(*read, {stage, sets}) ? std::optional<std::string>(regex) : std::nullopt;
}

std::optional<NamedRule> rule_of_name(std::string_view name) {
    const std::string ideographs = std::string("[") + deepseek_ideographs + "]+";
    if (name == deepseek_llm)
        return NamedRule{joined({R"([\r\n])", std::string("\\s?[") + deepseek_letters + "]+", std::string("\\s?[") + deepseek_punctuation + "]+",
                                 R"(\s+$)", ideographs, R"(\p{N})"})};
    if (name == deepseek_coder) return NamedRule{joined({R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", ideographs, R"(\p{N})"})};
    for (const Name& known : names)
        if (known.name == name) return NamedRule{{known.stages, {{}, {}, {}, known.symbols}}, known.whole_words, known.begins};
    return std::nullopt;
}

std::optional<std::string> name_of_rule(const SplitRule& rule, bool whole_words) {
    for (const Name& known : names)
        if (known.stages == rule.stages && known.whole_words == whole_words && same_rule(*rule_of_name(known.name), rule)) return std::string(known.name);
    for (const std::string_view name : {deepseek_llm, deepseek_coder})
        if (!whole_words && same_rule(*rule_of_name(name), rule)) return std::string(name);
    return std::nullopt;
}

bool same_rule(const SplitRule& a, const SplitRule& b) {
    if (a.stages != b.stages) return false;
    const auto same = [](const std::vector<CodeRange>& x, const std::vector<CodeRange>& y) {
        return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](CodeRange r, CodeRange s) { return r.first == s.first && r.last == s.last; });
    };
    if (a.sets.symbols == b.sets.symbols && same(a.sets.letters, b.sets.letters) && same(a.sets.punctuation, b.sets.punctuation) &&
        same(a.sets.ideographs, b.sets.ideographs))
        return true;
    const uint8_t asked = bits_asked(a.stages);
    const auto differ = [&](uint32_t c) { return (bits_of(c, a.sets) ^ bits_of(c, b.sets)) & asked; };
    for (const CharSets* sets : {&a.sets, &b.sets}) {
        const std::vector<uint32_t> edges = class_edges(*sets);
        if (asked && std::any_of(edges.begin(), edges.end(), differ)) return false;
    }
    return true;
}

bool append(SplitRule& rule, const SplitRule& stages) {
    const uint32_t here = uint32_t(rule.stages), more = uint32_t(stages.stages);
    uint32_t bits = 0, more_bits = 0;
    while (here >> bits) bits += pre_tokenizer_bits;
    while (more >> more_bits) more_bits += pre_tokenizer_bits;
    if (bits + more_bits > max_pre_tokenizers * pre_tokenizer_bits) return false;
    // A set that one of the two spells out holds for both, so the other must not ask for its kind of character.
    const uint8_t asked = bits_asked(rule.stages), asked_more = bits_asked(stages.stages);
    const auto meet = [](std::vector<CodeRange>& own, const std::vector<CodeRange>& other, bool own_asks, bool other_asks) {
        if (own_asks && other_asks && !(own.empty() && other.empty())) return false;
        if (!other.empty()) own = other;
        return true;
    };
    const auto both = [&](std::vector<CodeRange> CharSets::*set, CharClass kind) {
        return meet(rule.sets.*set, stages.sets.*set, asked & uint8_t(kind), asked_more & uint8_t(kind));
    };
    if (!both(&CharSets::letters, CharClass::letter) || !both(&CharSets::punctuation, CharClass::punctuation) ||
        !both(&CharSets::ideographs, CharClass::ideograph))
        return false;
    const uint8_t marks = uint8_t(CharClass::punctuation);
    if ((asked & marks) && (asked_more & marks) && rule.sets.symbols != stages.sets.symbols) return false;
    if (rule.sets.symbols.empty()) rule.sets.symbols = stages.sets.symbols;
    rule.stages = PreTokenizer(here | more << bits);
    return true;
}

}  // namespace mote::tools
