// encode_bpe: text to tokens by byte-pair merges, word by word. O(n log n) in the longest word.
#include "encode.h"
#include "normalize.h"
#include "split.h"
#include "trie.h"
#include "utf8.h"

namespace mote {
namespace {

constexpr size_t words_per_symbol = 5;  // of scratch, u32

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

    void push(uint32_t symbol) { id[count++] = symbol; }
    uint32_t candidate(uint32_t node) const { return node >= count ? node - count : winner[node]; }
    // Lower rank first; the leftmost among equals.
    uint32_t better(uint32_t a, uint32_t b) const { return rank[a] != rank[b] ? (rank[a] < rank[b] ? a : b) : a < b ? a : b; }
    void play(uint32_t node) { winner[node] = better(candidate(2 * node), candidate(2 * node + 1)); }
};

// One character as a symbol; what the vocabulary lacks becomes bytes, or the unknown token.
void push_character(Encoder& e, Symbols& s, Span<const char> character, uint64_t where) {
    const TokenizerHeader& h = e.t.header();
    if ((h.flags & tokenizer_fold_space) && character.count == 3 && compare(character, {"\xe2\x96\x81", 3}) == 0) character = {" ", 1};
    const uint32_t whole = h.flags & tokenizer_whole_words ? no_token : find_piece(e.t, character);
    if (whole != no_token) return s.push(whole);
    const Ids byte_ids = ids_at(e.t, h.byte_ids);
    if (covers_bytes(e.t, character)) {
        for (const char& byte : character) s.push(byte_ids[uint8_t(byte)]);
    } else if (h.unk == no_token) {
        e.fault = Fault{Error::missing, where, uint8_t(character[0]), 0};
    } else if (!(h.flags & tokenizer_fuse_unk) || s.count == 0 || s.id[s.count - 1] != h.unk) {
        s.push(h.unk);
    }
}

void rank_pair(const Tokenizer& t, Symbols& s, uint32_t left) {
    const uint32_t right = s.next[left];
    s.rank[left] = right == s.count ? no_token : find_merge(t, s.id[left], s.id[right]).rank;
}

void replay(Symbols& s, uint32_t symbol) {
    for (uint32_t node = (symbol + s.count) / 2; node >= 1; node /= 2) s.play(node);
}

void merge_all(const Tokenizer& t, Symbols& s) {
    for (uint32_t i = 0; i < s.count; i++) {
        s.next[i] = i + 1;
        s.previous[i] = i ? i - 1 : s.count;
    }
    for (uint32_t i = 0; i < s.count; i++) rank_pair(t, s, i);
    for (uint32_t node = s.count - 1; node >= 1; node--) s.play(node);
    while (s.count > 1 && s.rank[s.winner[1]] != no_token) {
        const uint32_t left = s.winner[1], right = s.next[left], after = s.next[right], before = s.previous[left];
        s.id[left] = find_merge(t, s.id[left], s.id[right]).merged;
        s.next[left] = after;
        if (after != s.count) s.previous[after] = left;
        s.rank[right] = no_token;
        replay(s, right);
        rank_pair(t, s, left);
        replay(s, left);
        if (before != s.count) {
            rank_pair(t, s, before);
            replay(s, before);
        }
    }
}

// The same for a few symbols, which stay side by side: looking at every rank costs less than a tree. `next` holds what pairs become.
void look_up_pair(const Tokenizer& t, Symbols& s, uint32_t left) {
    const Merge merge = find_merge(t, s.id[left], s.id[left + 1]);
    s.rank[left] = merge.rank;
    s.next[left] = merge.merged;
}

void merge_few(const Tokenizer& t, Symbols& s) {
    for (uint32_t i = 0; i + 1 < s.count; i++) look_up_pair(t, s, i);
    while (s.count > 1) {
        uint32_t best = 0;
        for (uint32_t i = 1; i + 1 < s.count; i++)
            if (s.rank[i] < s.rank[best]) best = i;
        if (s.rank[best] == no_token) return;
        s.id[best] = s.next[best];
        s.count--;
        for (uint32_t i = best + 1; i < s.count; i++) {
            s.id[i] = s.id[i + 1];
            s.rank[i] = s.rank[i + 1];
            s.next[i] = s.next[i + 1];
        }
        if (best + 1 < s.count) look_up_pair(t, s, best);
        if (best > 0) look_up_pair(t, s, best - 1);
    }
}

// A user-defined symbol that stands here. No merge has it as a part.
Match symbol_at(const Tokenizer& t, Span<const char> text) {
    const LexiconTables* lexicon = lexicon_of(t);
    return lexicon ? longest_match(trie_at(t, lexicon->units), text, lexicon->longest) : Match{no_token, 0};
}

// Encodes a stretch of text within which merges may happen.
void encode_word(Encoder& e, const Stretch& word) {
    if (e.t.header().flags & tokenizer_whole_words) {
        const uint32_t whole = word.space_before ? no_token : find_piece(e.t, word.text);
        if (whole != no_token) return e.emit(whole);
    }
    const size_t capacity = word.text.count + 1;
    e.want_scratch(capacity * words_per_symbol);
    Symbols s(e.scratch, capacity);
    if (word.space_before) push_character(e, s, {" ", 1}, word.where);
    for (size_t i = 0; i < word.text.count;) {
        const Match symbol = symbol_at(e.t, {word.text.data + i, word.text.count - i});
        if (symbol.bytes) {
            s.push(symbol.value);
            i += symbol.bytes;
            continue;
        }
        const Character c = first_character(word.text.data + i, word.text.count - i);
        push_character(e, s, {word.text.data + i, c.bytes}, word.where + i);
        i += c.bytes;
    }
    if (!e.fault.ok() || s.count == 0) return;
    constexpr uint32_t few = 24;
    if (s.count <= few) {
        merge_few(e.t, s);
        for (uint32_t i = 0; i < s.count; i++) e.emit(s.id[i]);
    } else {
        merge_all(e.t, s);
        for (uint32_t i = 0; i != s.count; i = s.next[i]) e.emit(s.id[i]);
    }
}

// The tokens of a word depend on nothing around it, so those of a word that came before are copied.
void encode_word_again(Encoder& e, const Stretch& stretch) {
    if (stretch.space_before) return encode_word(e, stretch);
    const WordKey word = key_of(stretch.text, e.readable_end);
    SeenWord* place = e.seen.place_of(word);
    if (e.may_emit(place)) return e.emit_again(*place);
    const size_t first = e.written;
    encode_word(e, stretch);
    remember(e, place, word, first, 0, 0);
}

}  // namespace

Size bpe_scratch(Size text_bytes) { return (text_bytes + 1) * (words_per_symbol * sizeof(uint32_t)); }

void encode_bpe(Encoder& e, const Stretch& stretch) {
    // Normalized text mostly has no space in front that is not there, and no U+2581 for one: the commonest rule needs no more than this.
    if (normalizes(e.t) && !stretch.space_before && e.t.header().pre_tokenizer == PreTokenizer::each_space) {
        for (SpaceCut words(stretch.text, e.readable_end); e.fault.ok() && words.more();) {
            const uint64_t where = stretch.where + words.next_begins();
            encode_word_again(e, {words.next(), where, false});
        }
        return;
    }
    Words words(e.t, stretch);
    for (Stretch word; e.fault.ok() && words.next(word);) encode_word_again(e, word);
}

}  // namespace mote
