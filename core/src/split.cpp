// split: rules as data. A rule is a list of alternatives, tried in order at each place, as in the regular expression above it.
#include "split.h"

#include "tokenizer_tables.h"

namespace mote {
namespace {

// A set of characters: bits of CharClass, of which one must be there or, with `none_of`, none may be.
using Set = uint16_t;
constexpr Set letter = Set(CharClass::letter), number = Set(CharClass::number), space = Set(CharClass::space);
constexpr Set punctuation = Set(CharClass::punctuation), ideograph = Set(CharClass::ideograph), newline = Set(CharClass::newline);
constexpr Set none_of = 0x100, blank = 0x200;  // blank: U+0020 alone

enum class Form : uint8_t {
    end,                   // of the rule
    contraction,           // 's 't 're 've 'm 'll 'd
    any_case_contraction,  // the same, with Unicode's simple case folding
    run,                   // lead? body{1,most} tail*
    spaces_to_newline,     // \s*[\r\n]+
    spaces,                // \s+(?!\S)|\s+
    spaces_to_end,         // \s+$
    byte_digits,           // numbers among the characters that stand for bytes in byte-level tokenizers
    three_digits,          // [0-9][0-9][0-9]
    each_space,            // a space and what follows, up to the next
    first_space,           // the same, but spaces stay together, and a line end stands alone
};

struct Alternative {
    Form form;
    uint8_t most;  // characters of the body; 0: any number
    Set lead, body, tail;
};

constexpr Alternative run(Set lead, Set body, uint8_t most = 0, Set tail = 0) { return {Form::run, most, lead, body, tail}; }
constexpr Alternative form(Form f) { return {f, 0, 0, 0, 0}; }

constexpr Set apart = none_of | letter | number | space, before_letters = none_of | newline | letter | number;
constexpr Alternative stop = form(Form::end);

// In order of PreTokenizer, from 1. Sources of the expressions: the models' own tokenizer.json.
constexpr Alternative rules[] = {
    // gpt2: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    form(Form::contraction), run(blank, letter), run(blank, number), run(blank, apart), form(Form::spaces), stop,
    // llama3: (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
    form(Form::any_case_contraction), run(before_letters, letter), run(0, number, 3), run(blank, apart, 0, newline),
    form(Form::spaces_to_newline), form(Form::spaces), stop,
    // qwen2: the same with \p{N}
    form(Form::any_case_contraction), run(before_letters, letter), run(0, number, 1), run(blank, apart, 0, newline),
    form(Form::spaces_to_newline), form(Form::spaces), stop,
    run(0, newline, 1), stop,         // newline: [\r\n]
    run(space, letter), stop,         // letters: \s?\p{L}+
    run(space, punctuation), stop,    // punctuation: \s?\p{P}+
    form(Form::spaces_to_end), stop,  // trailing_space: \s+$
    run(0, ideograph), stop,          // ideographs: [...]+
    run(0, number, 1), stop,          // digit: \p{N}
    run(0, number), stop,             // digits: \p{N}+
    run(0, number, 3), stop,          // up_to_three_digits: \p{N}{1,3}
    run(0, punctuation), stop,        // marks: \p{P}+
    form(Form::byte_digits), stop,
    form(Form::three_digits), stop,
    form(Form::each_space), stop,
    form(Form::first_space), stop,
};

const Alternative* rule_of(PreTokenizer stage) {
    const Alternative* rule = rules;
    for (uint32_t i = 1; i < uint32_t(stage); rule++) i += rule->form == Form::end;
    return rule;
}

// What an alternative finds at a place: where its match ends, or 0, and then where the next try is worth it.
struct Attempt {
    size_t end, retry;
};

bool in_set(Set set, uint8_t char_class) { return ((char_class & set & 0xffu) != 0) != ((set & none_of) != 0); }

// The end of at most `most` characters of a set; `last` becomes the beginning of the last one.
size_t span(const Words& w, size_t at, size_t limit, Set set, uint32_t most, size_t& last) {
    for (uint32_t n = 0; at < limit && (most == 0 || n < most); n++) {
        const Character c = w.character(at);
        if (!in_set(set, w.char_class(c))) break;
        last = at;
        at += c.bytes;
    }
    return at;
}

size_t match_run(const Words& w, size_t at, size_t limit, const Alternative& a) {
    const Character c = w.character(at);
    size_t last = 0;
    const bool leads = a.lead & blank ? c.code == ' ' : a.lead && in_set(a.lead, w.char_class(c));
    size_t begin = leads ? at + c.bytes : at;
    size_t end = span(w, begin, limit, a.body, a.most, last);
    if (end == begin && leads) {
        begin = at;
        end = span(w, begin, limit, a.body, a.most, last);
    }
    if (end == begin) return 0;
    return a.tail ? span(w, end, limit, a.tail, 0, last) : end;
}

// A letter in lower case, as far as contractions need it: U+017F is a long s.
uint8_t folded(const Words& w, size_t at, size_t limit, size_t& bytes) {
    bytes = 1;
    if (at + 1 < limit && w.byte(at) == 0xc5 && w.byte(at + 1) == 0xbf) {
        bytes = 2;
        return 's';
    }
    const uint8_t c = at < limit ? w.byte(at) : 0;
    return c >= 'A' && c <= 'Z' ? uint8_t(c + 32) : c;
}

size_t match_contraction(const Words& w, size_t at, size_t limit, Form form) {
    if (w.byte(at) != '\'' || at + 1 >= limit) return 0;
    const bool any_case = form == Form::any_case_contraction;
    size_t bytes = 1;
    const uint8_t a = any_case ? folded(w, at + 1, limit, bytes) : w.byte(at + 1);
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return at + 1 + bytes;
    if (at + 2 >= limit) return 0;
    size_t unused;
    const uint8_t b = any_case ? folded(w, at + 2, limit, unused) : w.byte(at + 2);
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? at + 3 : 0;
}

size_t match_spaces_to_newline(const Words& w, size_t at, size_t limit) {
    size_t end = 0;
    while (at < limit) {
        const Character c = w.character(at);
        const uint8_t own = w.char_class(c);
        if (!in_set(space, own)) break;
        at += c.bytes;
        if (in_set(newline, own)) end = at;
    }
    return end;
}

// Followed by something else, all but the last: it goes with what follows, or stands alone.
size_t match_spaces(const Words& w, size_t at, size_t limit) {
    size_t last = at;
    const size_t end = span(w, at, limit, space, 0, last);
    return end == at ? 0 : end == limit || last == at ? end : last;
}

// Byte-level tokenizers write bytes as characters, and six of those beyond ASCII are numbers: superscripts and fractions.
bool is_byte_digit(uint8_t b) { return (b >= '0' && b <= '9') || b == 0xb2 || b == 0xb3 || b == 0xb9 || (b >= 0xbc && b <= 0xbe); }

size_t match_byte_digits(const Words& w, size_t at, size_t limit) {
    const size_t begin = at;
    while (at < limit && is_byte_digit(w.byte(at))) at++;
    return at == begin ? 0 : at;
}

size_t match_three_digits(const Words& w, size_t at, size_t limit) {
    if (limit - at < 3) return 0;
    for (size_t i = 0; i < 3; i++)
        if (w.byte(at + i) < '0' || w.byte(at + i) > '9') return 0;
    return at + 3;
}

size_t match_to_space(const Words& w, size_t at, size_t limit, Form form) {
    const bool together = form == Form::first_space;
    if (together && w.byte(at) == '\n') return at + 1;
    const size_t n = w.space_at(at);
    at += n ? n : 1;
    for (size_t more = n; together && more; at += more) more = at < limit ? w.space_at(at) : 0;
    for (; at < limit; at++) {
        const uint8_t byte = w.byte(at);
        const bool may_end = byte == ' ' || byte == '\n' || byte == 0xe2;  // of a space, a line end, U+2581
        if (may_end && (w.space_at(at) || (together && byte == '\n'))) break;
    }
    return at;
}

Attempt match(const Words& w, size_t at, size_t limit, const Alternative& a) {
    switch (a.form) {
        case Form::end: break;
        case Form::run: return {match_run(w, at, limit, a), 0};
        case Form::contraction:
        case Form::any_case_contraction: return {match_contraction(w, at, limit, a.form), 0};
        case Form::spaces_to_newline: return {match_spaces_to_newline(w, at, limit), 0};
        case Form::spaces: return {match_spaces(w, at, limit), 0};
        case Form::spaces_to_end: {
            size_t last = 0;
            const size_t end = span(w, at, limit, space, 0, last);
            return end == limit ? Attempt{end, 0} : Attempt{0, end};
        }
        case Form::byte_digits: return {match_byte_digits(w, at, limit), 0};
        case Form::three_digits: return {match_three_digits(w, at, limit), 0};
        case Form::each_space:
        case Form::first_space: return {match_to_space(w, at, limit, a.form), 0};
    }
    return {0, 0};
}

// Where the piece that begins at `begin` ends: a match of the rule, or everything up to its next match.
size_t piece_end(const Words& w, size_t begin, size_t limit, PreTokenizer stage) {
    if (only_plain || stage >= PreTokenizer::each_space) return match_to_space(w, begin, limit, stage == PreTokenizer::first_space ? Form::first_space : Form::each_space);
    const Alternative* rule = rule_of(stage);
    const bool by_bytes = stage >= PreTokenizer::byte_digits;
    for (size_t at = begin; at < limit;) {
        size_t next = at + (by_bytes ? 1 : w.character(at).bytes);
        for (const Alternative* a = rule; a->form != Form::end; a++) {
            const Attempt found = match(w, at, limit, *a);
            if (found.end) return at == begin ? found.end : at;
            if (found.retry > next) next = found.retry;
        }
        at = next;
    }
    return limit;
}

}  // namespace

Words::Words(const Tokenizer& tokenizer, const Stretch& stretch)
    : tokenizer_(tokenizer), text_(stretch.text), where_(stretch.where), front_(stretch.space_before), ascii_{} {
    const uint32_t* classes = reinterpret_cast<const uint32_t*>(tokenizer.section + tokenizer.header().classes);
    const uint32_t count = only_plain ? 0 : tokenizer.header().classes_count;
    for (uint32_t c = 0, entry = 0; count && c < sizeof ascii_; c++) {
        while (entry + 1 < count && classes[entry + 1] >> 8 <= c) entry++;
        ascii_[c] = uint8_t(classes[entry]);
    }
}

size_t Words::space_at(size_t at) const {
    if (byte(at) == ' ') return 1;
    const bool mark = (tokenizer_.header().flags & tokenizer_fold_space) && size() - at >= 3 && byte(at) == 0xe2 && byte(at + 1) == 0x96 &&
                      byte(at + 2) == 0x81;
    return mark ? 3 : 0;
}

bool Words::next(Stretch& word) {
    if (at_ == size()) return false;
    size_t limit = size();
    uint32_t stages = uint32_t(tokenizer_.header().pre_tokenizer);
    for (uint32_t i = 0; stages; i++, stages >>= pre_tokenizer_bits) {
        const PreTokenizer stage = PreTokenizer(stages & ((1u << pre_tokenizer_bits) - 1));
        if (piece_end_[i] <= at_) piece_end_[i] = piece_end(*this, at_, limit, stage);
        limit = piece_end_[i];
    }
    const bool front = at_ < front_;
    const size_t begin = front ? 0 : at_ - front_;
    word = {{text_.data + begin, limit - front_ - begin}, where_ + begin, front};
    at_ = limit;
    return true;
}

}  // namespace mote
