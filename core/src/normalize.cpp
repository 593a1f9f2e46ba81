// normalize: rules from byte strings to replacements, the longest first, and what SentencePiece does with spaces.
#include "normalize.h"

#include "chunk.h"
#include "trie.h"
#include "utf8.h"

namespace mote {
namespace {

constexpr Span<const char> space_mark{"\xe2\x96\x81", 3};  // U+2581

// What the text at some place becomes: `text`, with a space on both sides if it stands `alone`.
struct Replacement {
    Span<const char> text;
    uint32_t taken;  // bytes of the original
    bool alone;

    bool is_space() const { return !alone && text.count == 1 && text[0] == ' '; }
};

Replacement replacement(const Tokenizer& t, uint32_t value, Span<const char> taken) {
    if (value == replace_by_itself || value == replace_by_itself_alone) return {taken, uint32_t(taken.count), value == replace_by_itself_alone};
    const uint8_t* entry = t.section + normalizer_of(t)->replacements + value;
    return {{reinterpret_cast<const char*>(entry + 1), entry[0]}, uint32_t(taken.count), false};
}

Replacement next_replacement(const Tokenizer& t, Span<const char> text) {
    const NormalizerTables* n = normalizer_of(t);
    const Character c = first_character(text.data, text.count);
    if (!n) return {{text.data, c.bytes}, c.bytes, false};
    const Match rule = n->longest ? longest_match(trie_at(t, n->units), text, n->longest) : Match{no_token, 0};
    if (rule.bytes) return replacement(t, rule.value, {text.data, rule.bytes});
    if (c.code == invalid_character) return replacement(t, n->invalid, {text.data, 1});
    return {{text.data, c.bytes}, c.bytes, false};
}

struct Writer {
    Span<char> out;
    size_t written = 0;
    bool full = false;

    void put(char byte) {
        full = written == out.count;
        if (!full) out[written++] = byte;
    }
};

// Whether no rule begins with a byte, or none that could go on with the visible ASCII behind it.
bool stays(const Trie& rules, char byte, char behind) {
    uint32_t unit = rules.root();
    return !rules.step(unit, byte) || (rules.value(unit) == no_token && !rules.step(unit, behind));
}

bool visible(char c) { return c > ' ' && c < 0x7f; }

// How many bytes from here on stay as they are, as far as that is seen quickly: visible ASCII, and single spaces within it, before
// visible ASCII. Most text is that.
size_t plain_bytes(const Tokenizer& t, Span<const char> text) {
    const Trie rules = t.keeps_ascii ? Trie{nullptr} : trie_at(t, normalizer_of(t)->units);
    if (text.count == 0 || !visible(text[0])) return 0;
    size_t n = 0;
    for (; n + 1 < text.count; n++) {
        const char here = text[n], behind = text[n + 1];
        if (!visible(behind) && (behind != ' ' || here == ' ')) break;
        if (!t.keeps_ascii && !stays(rules, here, behind)) break;
    }
    while (n && text[n - 1] == ' ') n--;
    return n;
}

void copy_plain(Writer& w, const char* text, size_t count) {
    const size_t room = w.out.count - w.written;
    w.full = count > room;
    if (count > room) count = room;
    for (size_t i = 0; i < count; i++) w.out[w.written + i] = text[i];
    w.written += count;
}

// The same, many bytes at a time: visible ASCII and spaces, as long as such a byte or the end is behind them; with `squeeze` not as far as
// a space behind another. Returns how much.
size_t copy_chunks(Writer& w, Span<const char> text, bool squeeze, bool& after_space) {
    size_t at = 0;
    while (at < text.count && text.count >= chunk_bytes && w.out.count - w.written >= chunk_bytes) {
        const size_t bytes = text.count - at < chunk_bytes ? text.count - at : chunk_bytes;
        const Chunk chunk = chunk_at(text.data + at + bytes - chunk_bytes) >> 8 * (chunk_bytes - bytes);
        const Chunk spaces = bytes_in(chunk, ' ', ' ');
        const bool twice = spaces & (spaces << 8 | (after_space ? 0x80u : 0u));
        const char behind = at + bytes < text.count ? text[at + bytes] : ' ';
        if (bytes_in(chunk, ' ', '~') != first_bytes(each_byte << 7, bytes) || (squeeze && twice) || !(visible(behind) || behind == ' ')) break;
        __builtin_memcpy(w.out.data + w.written, &chunk, chunk_bytes);
        w.written += bytes;
        after_space = squeeze && spaces >> (bytes * 8 - 1);
        at += bytes;
    }
    return at;
}

void put_text(Writer& w, Span<const char> text, bool fold) {
    for (size_t i = 0; i < text.count && !w.full;) {
        const bool mark = fold && text.count - i >= 3 && compare({text.data + i, 3}, space_mark) == 0;
        w.put(mark ? ' ' : text[i]);
        i += mark ? 3 : 1;
    }
}

}  // namespace

bool keeps_ascii(const Tokenizer& t) {
    const NormalizerTables* tables = normalizer_of(t);
    if (!tables || tables->longest == 0) return true;
    const Trie rules = trie_at(t, tables->units);
    for (char first = ' '; first < 0x7f; first++)
        for (char second = ' '; second < 0x7f; second++)
            if (!stays(rules, first, second)) return false;
    return true;
}

Size normalized_bytes(const Tokenizer& t, Size text_bytes) {
    const NormalizerTables* n = normalizer_of(t);
    return text_bytes * Size(n ? n->growth : 1) + 1;
}

Result<size_t> normalize(const Tokenizer& t, Span<const char> text, bool space_before, Span<char> out) {
    const uint32_t flags = t.header().flags;
    const bool squeeze = flags & tokenizer_squeeze_spaces, behind = flags & tokenizer_space_behind, keep = flags & tokenizer_keep_ends;
    size_t at = 0;
    while (squeeze && !keep && at < text.count) {
        const Replacement r = next_replacement(t, {text.data + at, text.count - at});
        if (!r.is_space()) break;
        at += r.taken;
    }
    if (at == text.count) return size_t(0);

    Writer w{out};
    if (space_before && !behind) w.put(' ');
    bool after_space = squeeze && (!keep || space_before), any = false;
    while (at < text.count && !w.full) {
        if (wide_processor && t.keeps_ascii) {
            const size_t copied = copy_chunks(w, {text.data + at, text.count - at}, squeeze, after_space);
            any = any || copied;
            at += copied;
            if (at == text.count) break;
        }
        if (const size_t plain = plain_bytes(t, {text.data + at, text.count - at})) {
            copy_plain(w, text.data + at, plain);
            after_space = false;
            any = true;
            at += plain;
            continue;
        }
        Replacement r = next_replacement(t, {text.data + at, text.count - at});
        at += r.taken;
        any = any || r.text.count;
        if (r.alone && !after_space) w.put(' ');
        while (after_space && r.text.count && r.text[0] == ' ') r.text = {r.text.data + 1, r.text.count - 1};
        put_text(w, r.text, flags & tokenizer_fold_space);
        if (r.alone) w.put(' ');
        if (r.text.count) after_space = squeeze && (r.alone || r.text[r.text.count - 1] == ' ');
    }
    if (keep && !any) return size_t(0);
    while (squeeze && !keep && w.written && out[w.written - 1] == ' ') w.written--;
    if (space_before && behind) w.put(' ');
    if (w.full) return Fault{Error::range, t.header().normalizer, out.count, 0};
    return w.written;
}

}  // namespace mote
