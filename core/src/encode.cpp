// encode: text to tokens by byte-pair merges. Works in the caller's scratch; O(n log n).
#include "checked.h"
#include "tokenizer_tables.h"
#include "utf8.h"

namespace mote {
namespace {

constexpr size_t words_per_symbol = 5;

// Symbols in a doubly linked list, with a tournament over the ranks of their pairs: the winner is the pair to merge next.
struct Symbols {
    uint32_t* id;
    uint32_t* next;      // count: the end
    uint32_t* previous;  // count: none
    uint32_t* rank;      // of the pair (this, next); no_token: none
    uint32_t* winner;    // [1, count): inner nodes of a binary tree whose leaves are the symbols
    uint32_t count;

    Symbols(uint32_t* scratch, size_t capacity)
        : id(scratch), next(id + capacity), previous(next + capacity), rank(previous + capacity), winner(rank + capacity), count(0) {}

    uint32_t candidate(uint32_t node) const { return node >= count ? node - count : winner[node]; }
    // Lower rank first; the leftmost among equals.
    uint32_t better(uint32_t a, uint32_t b) const { return rank[a] != rank[b] ? (rank[a] < rank[b] ? a : b) : a < b ? a : b; }
    void play(uint32_t node) { winner[node] = better(candidate(2 * node), candidate(2 * node + 1)); }
};

struct Encoder {
    const Tokenizer& t;
    Symbols symbols;
    Span<uint32_t> out;
    size_t written = 0;
    Fault fault{};

    void emit(uint32_t token) {
        if (written < out.count) out[written] = token;
        written++;
    }
};

void push_symbol(Encoder& e, uint32_t id) { e.symbols.id[e.symbols.count++] = id; }

// One character as a symbol; what the vocabulary lacks becomes bytes, or the unknown token.
void push_character(Encoder& e, Span<const char> character, uint64_t where) {
    const TokenizerHeader& h = e.t.header();
    if ((h.flags & tokenizer_fold_space) && character.count == 3 && compare(character, {"\xe2\x96\x81", 3}) == 0) character = {" ", 1};
    const uint32_t whole = character_token(e.t, character);
    if (whole != no_token) return push_symbol(e, whole);
    const Ids byte_ids = ids_at(e.t, h.byte_ids);
    bool covered = true;
    for (const char& byte : character) covered = covered && byte_ids[uint8_t(byte)] != no_token;
    if (covered) {
        for (const char& byte : character) push_symbol(e, byte_ids[uint8_t(byte)]);
    } else if (h.unk == no_token) {
        e.fault = Fault{Error::missing, where, uint8_t(character[0]), 0};
    } else if (!(h.flags & tokenizer_fuse_unk) || e.symbols.count == 0 || e.symbols.id[e.symbols.count - 1] != h.unk) {
        push_symbol(e, h.unk);
    }
}

void rank_pair(Encoder& e, uint32_t left) {
    Symbols& s = e.symbols;
    const uint32_t right = s.next[left];
    s.rank[left] = right == s.count ? no_token : find_merge(e.t, s.id[left], s.id[right]).rank;
}

void replay(Symbols& s, uint32_t symbol) {
    for (uint32_t node = (symbol + s.count) / 2; node >= 1; node /= 2) s.play(node);
}

void merge_all(Encoder& e) {
    Symbols& s = e.symbols;
    for (uint32_t i = 0; i < s.count; i++) {
        s.next[i] = i + 1;
        s.previous[i] = i ? i - 1 : s.count;
    }
    for (uint32_t i = 0; i < s.count; i++) rank_pair(e, i);
    for (uint32_t node = s.count - 1; node >= 1; node--) s.play(node);
    while (s.count > 1 && s.rank[s.winner[1]] != no_token) {
        const uint32_t left = s.winner[1], right = s.next[left], after = s.next[right], before = s.previous[left];
        s.id[left] = find_merge(e.t, s.id[left], s.id[right]).merged;
        s.next[left] = after;
        if (after != s.count) s.previous[after] = left;
        s.rank[right] = no_token;
        replay(s, right);
        rank_pair(e, left);
        replay(s, left);
        if (before != s.count) {
            rank_pair(e, before);
            replay(s, before);
        }
    }
}

// Encodes a stretch of text within which merges may happen.
void encode_chunk(Encoder& e, Span<const char> chunk, uint64_t where, bool space_before) {
    e.symbols.count = 0;
    if (space_before) push_character(e, {" ", 1}, where);
    for (size_t i = 0; i < chunk.count;) {
        const Character c = first_character(chunk.data + i, chunk.count - i);
        push_character(e, {chunk.data + i, c.bytes}, where + i);
        i += c.bytes;
    }
    if (!e.fault.ok() || e.symbols.count == 0) return;
    merge_all(e);
    for (uint32_t i = 0; i != e.symbols.count; i = e.symbols.next[i]) e.emit(e.symbols.id[i]);
}

// ---- the split rule of GPT-2:
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+

size_t contraction(Span<const char> text) {
    if (text[0] != '\'' || text.count < 2) return 0;
    const char a = text[1], b = text.count > 2 ? text[2] : '\0';
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

// The end of the run of characters of one class that begins at `begin`, and where its last character begins.
struct Run {
    size_t end, last;
};

Run run_of(const Tokenizer& t, Span<const char> text, size_t begin, CharClass wanted) {
    Run run{begin, begin};
    while (run.end < text.count) {
        const Character c = first_character(text.data + run.end, text.count - run.end);
        if (char_class(t, c.code) != wanted) break;
        run.last = run.end;
        run.end += c.bytes;
    }
    return run;
}

size_t gpt2_word(const Tokenizer& t, Span<const char> text) {
    if (const size_t n = contraction(text)) return n;
    const size_t begin = text[0] == ' ' && text.count > 1 ? 1 : 0;
    const CharClass first = char_class(t, first_character(text.data + begin, text.count - begin).code);
    if (first != CharClass::space) return run_of(t, text, begin, first).end;
    const Run spaces = run_of(t, text, 0, CharClass::space);
    // Followed by a word, all but the last: it goes with the word, or stands alone.
    return spaces.end == text.count || spaces.last == 0 ? spaces.end : spaces.last;
}

// ---- control tokens in the text

// The longest control token that begins here; its length, or 0.
size_t special_at(const Tokenizer& t, Span<const char> text, uint32_t& token) {
    const Ids specials = ids_at(t, t.header().specials);
    size_t longest = 0;
    for (uint32_t i = 0; i < t.header().specials_count; i++) {
        const Span<const char> name = piece(t, specials[i]);
        if (name.count > longest && name.count <= text.count && compare(name, {text.data, name.count}) == 0) {
            longest = name.count;
            token = specials[i];
        }
    }
    return longest;
}

void encode_plain(Encoder& e, Span<const char> text, uint64_t where, bool space_before) {
    if (e.t.header().pre_tokenizer == PreTokenizer::none) return encode_chunk(e, text, where, space_before);
    for (size_t i = 0; i < text.count;) {
        const size_t n = gpt2_word(e.t, {text.data + i, text.count - i});
        encode_chunk(e, {text.data + i, n}, where + i, space_before && i == 0);
        i += n;
    }
}

void encode_text(Encoder& e, Span<const char> text, bool parse_special) {
    const bool prefix = e.t.header().flags & tokenizer_prefix_space;
    size_t begin = 0;
    for (size_t i = 0; parse_special && i < text.count;) {
        uint32_t token = no_token;
        const size_t n = special_at(e.t, {text.data + i, text.count - i}, token);
        if (n == 0) {
            i++;
            continue;
        }
        if (i > begin) encode_plain(e, {text.data + begin, i - begin}, begin, prefix && begin == 0);
        e.emit(token);
        i += n;
        begin = i;
    }
    if (begin < text.count) encode_plain(e, {text.data + begin, text.count - begin}, begin, prefix && begin == 0);
}

}  // namespace

Result<size_t> encode_scratch(size_t text_bytes) {
    const Size bytes = (Size(text_bytes) + 1) * (words_per_symbol * sizeof(uint32_t));
    if (!bytes.fits_memory()) return Fault{Error::overflow, 0, text_bytes, 0};
    return size_t(bytes.value);
}

Result<size_t> encode(const Tokenizer& t, Span<const char> text, const EncodeOptions& options, Span<uint8_t> scratch,
                      Span<uint32_t> tokens) {
    if (t.vocab == 0) return Fault{Error::unsupported, 0, 0, 0};
    if ((text.count && !text.data) || (tokens.count && !tokens.data)) return Fault{Error::argument, 0, 0, 0};
    if (text.count > 0x7fffffff) return Fault{Error::limit, 0, text.count, 0x7fffffff};
    const Result<size_t> needed = encode_scratch(text.count);
    if (!needed.ok()) return needed.fault;
    if (scratch.count < needed.value) return Fault{Error::buffer_too_small, 1, scratch.count, needed.value};
    if (!scratch.data || reinterpret_cast<uintptr_t>(scratch.data) % alignof(uint32_t)) return Fault{Error::alignment, 0, 0, 4};

    Encoder e{t, Symbols(reinterpret_cast<uint32_t*>(scratch.data), text.count + 1), tokens};
    const TokenizerHeader& h = t.header();
    if (options.add_special && (h.flags & tokenizer_add_bos)) e.emit(h.bos);
    encode_text(e, text, options.parse_special);
    if (options.add_special && (h.flags & tokenizer_add_eos)) e.emit(h.eos);
    if (!e.fault.ok()) return e.fault;
    if (e.written > tokens.count) return Fault{Error::buffer_too_small, 0, tokens.count, e.written};
    return e.written;
}

}  // namespace mote
