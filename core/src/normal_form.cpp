// normal_form: characters are taken apart, their marks put in order, and what makes one character is joined, from one character
// that stays to the next. Source: The Unicode Standard 15.0, 3.11 (normalization forms) and 3.12 (Hangul); written anew.
#include "normal_form.h"

#include "trie.h"
#include "utf8.h"

namespace mote {
namespace {

constexpr uint8_t starter_that_may_change = 255;  // in the table of classes; no combining class of Unicode

constexpr uint32_t first_syllable = 0xac00, first_lead = 0x1100, first_vowel = 0x1161, before_tails = 0x11a7;
constexpr uint32_t leads = 19, vowels = 21, tails = 28, syllables = leads * vowels * tails;
constexpr uint32_t jamo_bytes = 3;  // of every one of them, and of a syllable

void put_three(char* out, uint32_t code) {
    out[0] = char(0xe0 | code >> 12);
    out[1] = char(0x80 | (code >> 6 & 0x3f));
    out[2] = char(0x80 | (code & 0x3f));
}

uint32_t code_of(Span<const char> character) { return first_character(character.data, character.count).code; }

// Classes of characters, with the range that the last one was found in: neighbours in a text are of one script.
struct Classes {
    const uint32_t* entries;
    uint32_t count;
    uint32_t first = 0, size = 0;
    uint8_t found = 0;

    uint8_t of(uint32_t code) {
        if (code == invalid_character) return 0;
        if (code - first < size) return found;
        const uint32_t i = class_entry(entries, count, code);
        first = entries[i] >> 8;
        size = (i + 1 < count ? entries[i + 1] >> 8 : 0x110000u) - first;
        return found = uint8_t(entries[i]);
    }
};

// The tables, read where they lie.
struct Form {
    const NormalFormTables& tables;
    const uint8_t* replacements;
    Trie rules;
    Classes classes;

    explicit Form(const Tokenizer& t)
        : tables(*normal_form_of(t)),
          replacements(t.section + tables.rules.replacements),
          rules(trie_at(t, tables.rules.units)),
          classes{reinterpret_cast<const uint32_t*>(t.section + tables.classes), tables.classes_count} {}

    bool composes() const { return tables.flags & normal_form_composed; }

    /// What two texts one behind the other are a rule for; `second` may have no bytes. Empty without a rule.
    Span<const char> rule_for(Span<const char> first, Span<const char> second) const {
        if (tables.rules.longest == 0) return {};
        uint32_t unit = rules.root();
        for (const char& byte : first)
            if (!rules.step(unit, byte)) return {};
        for (const char& byte : second)
            if (!rules.step(unit, byte)) return {};
        const uint32_t value = rules.value(unit);
        if (value == no_token || value <= replace_by_itself_alone) return {};
        return {reinterpret_cast<const char*>(replacements + value + 1), replacements[value]};
    }

    /// A character taken apart to the end; `jamo` holds the parts of a syllable.
    Span<const char> apart(Span<const char> character, uint32_t code, char (&jamo)[3 * jamo_bytes]) const {
        const uint32_t syllable = code - first_syllable;
        if (syllable < syllables) {
            put_three(jamo, first_lead + syllable / (vowels * tails));
            put_three(jamo + jamo_bytes, first_vowel + syllable / tails % vowels);
            put_three(jamo + 2 * jamo_bytes, before_tails + syllable % tails);
            return {jamo, syllable % tails ? 3 * jamo_bytes : 2 * jamo_bytes};
        }
        const Span<const char> parts = rule_for(character, {});
        return parts.count ? parts : character;
    }

    /// The character that two make; empty if they make none.
    Span<const char> joined(Span<const char> first, Span<const char> second, char (&syllable)[jamo_bytes]) const {
        const uint32_t a = code_of(first), b = code_of(second);
        uint32_t made = 0;
        if (a - first_lead < leads && b - first_vowel < vowels)
            made = ((a - first_lead) * vowels + (b - first_vowel)) * tails;
        else if (a - first_syllable < syllables && (a - first_syllable) % tails == 0 && b - before_tails - 1 < tails - 1)
            made = a - first_syllable + (b - before_tails);
        else
            return rule_for(first, second);
        put_three(syllable, first_syllable + made);
        return {syllable, jamo_bytes};
    }
};

// A character of a text taken apart.
struct Part {
    char bytes[4];
    uint32_t count;
    uint8_t combining;  // its combining class; 0: a starter

    Span<const char> text() const { return {bytes, count}; }
};

// Where the next part is: so many bytes into what the character at `at` becomes.
struct Place {
    size_t at, inside;

    bool operator!=(const Place& other) const { return at != other.at || inside != other.inside; }
};

Part next_part(Form& form, Span<const char> text, Place& place) {
    const Character whole = first_character(text.data + place.at, text.count - place.at);
    char jamo[3 * jamo_bytes];
    const Span<const char> parts = form.apart({text.data + place.at, whole.bytes}, whole.code, jamo);
    const Character c = first_character(parts.data + place.inside, parts.count - place.inside);
    Part part{{}, c.bytes, form.classes.of(c.code)};
    if (part.combining == starter_that_may_change) part.combining = 0;
    for (uint32_t i = 0; i < c.bytes; i++) part.bytes[i] = parts[place.inside + i];
    place.inside += c.bytes;
    if (place.inside == parts.count) place = {place.at + whole.bytes, 0};
    return part;
}

// Writes parts in canonical order and joins them with the last starter.
struct Composer {
    const Form& form;
    Span<char> out;
    size_t written = 0;
    bool full = false;
    size_t starter = 0, starter_bytes = 0;  // none: 0 bytes
    uint8_t last = 0;                       // the class of what was written last

    void put(Span<const char> text) {
        full = full || text.count > out.count - written;
        if (full) return;
        for (size_t i = 0; i < text.count; i++) out[written + i] = text[i];
        written += text.count;
    }

    // Something in between of the same class, or any starter, stands in the way.
    bool reaches_starter(const Part& part) const { return starter_bytes && (last == 0 || last < part.combining); }

    void replace_starter(Span<const char> by) {
        const size_t rest = starter + starter_bytes, count = written - rest;
        full = full || by.count > out.count - starter - count;
        if (full) return;
        const bool back = by.count < starter_bytes;
        for (size_t i = 0; i < count; i++) {
            const size_t n = back ? i : count - 1 - i;
            out[starter + by.count + n] = out[rest + n];
        }
        for (size_t i = 0; i < by.count; i++) out[starter + i] = by[i];
        starter_bytes = by.count;
        written = starter + by.count + count;
    }

    void add(const Part& part) {
        if (form.composes() && reaches_starter(part)) {
            char syllable[jamo_bytes];
            const Span<const char> one = form.joined({out.data + starter, starter_bytes}, part.text(), syllable);
            if (one.count) return replace_starter(one);
        }
        if (part.combining == 0) {
            starter = written;
            starter_bytes = part.count;
        }
        last = part.combining;
        put(part.text());
    }
};

// Which combining classes a run of marks has.
struct ClassSet {
    uint32_t bits[8] = {};
    uint32_t lowest = 255, highest = 0;

    void add(uint8_t c) {
        bits[c / 32] |= 1u << c % 32;
        lowest = c < lowest ? c : lowest;
        highest = c > highest ? c : highest;
    }
    bool has(uint32_t c) const { return bits[c / 32] >> c % 32 & 1; }
};

// Marks up to the next starter, in the order of their classes: a pass over them for each class that they have, so that no memory is
// needed and the work stays linear.
void add_marks(Form& form, Span<const char> text, Place& place, Composer& composer) {
    ClassSet classes;
    const Place begin = place;
    for (Place next = place; place.at < text.count; place = next) {
        const Part part = next_part(form, text, next);
        if (part.combining == 0) break;
        classes.add(part.combining);
    }
    for (uint32_t c = classes.lowest; c <= classes.highest && !composer.full; c++) {
        if (!classes.has(c)) continue;
        for (Place i = begin; i != place;) {
            const Part part = next_part(form, text, i);
            if (part.combining == c) composer.add(part);
        }
    }
}

// `text` begins with a character that nothing in front of it joins.
void add_stretch(Form& form, Span<const char> text, Composer& composer) {
    composer.starter_bytes = 0;
    composer.last = 0;
    for (Place place{0, 0}; place.at < text.count && !composer.full;) {
        Place next = place;
        const Part part = next_part(form, text, next);
        if (part.combining) {
            add_marks(form, text, place, composer);
            continue;
        }
        composer.add(part);
        place = next;
    }
}

// How many bytes stay, up to the last character in front of one that may change: that one may join it.
size_t stable_bytes(Classes& classes, Span<const char> text) {
    size_t last = 0;
    for (size_t at = 0; at < text.count;) {
        const Character c = uint8_t(text[at]) < 0x80 ? Character{0, 1} : first_character(text.data + at, text.count - at);
        if (c.code && classes.of(c.code)) return last;
        last = at;
        at += c.bytes;
    }
    return text.count;
}

// The bytes of a character and of those behind it that may change.
size_t changing_bytes(Classes& classes, Span<const char> text) {
    size_t at = first_character(text.data, text.count).bytes;
    while (at < text.count) {
        const Character c = first_character(text.data + at, text.count - at);
        if (classes.of(c.code) == 0) break;
        at += c.bytes;
    }
    return at;
}

// Rules that are no form: what `normalize` does, without its spaces.
Result<Span<const char>> replaced(const Tokenizer& t, Span<const char> text, Span<char> out) {
    const NormalizerTables& rules = normal_form_of(t)->rules;
    size_t written = 0;
    for (size_t at = 0; at < text.count;) {
        const Span<const char> rest{text.data + at, text.count - at};
        Match rule{no_token, 0};
        if (rules.longest) rule = longest_match(trie_at(t, rules.units), rest, rules.longest);
        Span<const char> becomes{rest.data, rule.bytes ? rule.bytes : first_character(rest.data, rest.count).bytes};
        at += becomes.count;
        if (rule.bytes && rule.value > replace_by_itself_alone) {
            const uint8_t* entry = t.section + rules.replacements + rule.value;
            becomes = {reinterpret_cast<const char*>(entry + 1), entry[0]};
        }
        if (becomes.count > out.count - written) return Fault{Error::range, t.header().normal_form, out.count, 0};
        for (size_t i = 0; i < becomes.count; i++) out[written++] = becomes[i];
    }
    return Span<const char>{out.data, written};
}

}  // namespace

Result<Span<const char>> normal_form(const Tokenizer& t, Span<const char> text, Span<char> out) {
    if (normal_form_of(t)->flags & normal_form_rules) return replaced(t, text, out);
    Form form(t);
    size_t at = stable_bytes(form.classes, text);
    if (at == text.count) return text;
    Composer composer{form, out};
    composer.put({text.data, at});
    while (at < text.count && !composer.full) {
        const size_t changing = changing_bytes(form.classes, {text.data + at, text.count - at});
        add_stretch(form, {text.data + at, changing}, composer);
        at += changing;
        const size_t stable = stable_bytes(form.classes, {text.data + at, text.count - at});
        composer.put({text.data + at, stable});
        at += stable;
    }
    if (composer.full) return Fault{Error::range, t.header().normal_form, out.count, 0};
    return Span<const char>{out.data, composer.written};
}

}  // namespace mote
