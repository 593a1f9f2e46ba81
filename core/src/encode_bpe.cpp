// encode_bpe: text to tokens by byte-pair merges. O(n log n) in the longest word.
#include "encode.h"
#include "utf8.h"

namespace mote {
namespace {

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
    const uint32_t whole = character_token(e.t, character);
    if (whole != no_token) return s.push(whole);
    const Ids byte_ids = ids_at(e.t, h.byte_ids);
    bool covered = true;
    for (const char& byte : character) covered = covered && byte_ids[uint8_t(byte)] != no_token;
    if (covered) {
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

// Encodes a stretch of text within which merges may happen.
void encode_word(Encoder& e, const Stretch& word) {
    Symbols s(e.scratch, word.text.count + 1);
    if (word.space_before) push_character(e, s, {" ", 1}, word.where);
    for (size_t i = 0; i < word.text.count;) {
        const Character c = first_character(word.text.data + i, word.text.count - i);
        push_character(e, s, {word.text.data + i, c.bytes}, word.where + i);
        i += c.bytes;
    }
    if (!e.fault.ok() || s.count == 0) return;
    merge_all(e.t, s);
    for (uint32_t i = 0; i != s.count; i = s.next[i]) e.emit(s.id[i]);
}

}  // namespace

void encode_bpe(Encoder& e, const Stretch& stretch) {
    const Span<const char> text = stretch.text;
    for (size_t i = 0; i < text.count;) {
        const size_t n = first_word(e.t, {text.data + i, text.count - i});
        encode_word(e, {{text.data + i, n}, stretch.where + i, stretch.space_before && i == 0});
        i += n;
    }
}

}  // namespace mote
