// encode_wordpiece: words into the longest pieces from the left. Normalization has put one space before every word; pieces that
// begin a word begin with it.
#include "encode.h"
#include "trie.h"
#include "utf8.h"

namespace mote {
namespace {

// The end of the word that begins at `begin`, with its space; more characters than `most` make it unknown.
struct Word {
    size_t end;
    bool too_long;
};

Word word_at(Span<const char> text, size_t begin, uint32_t most) {
    size_t end = begin + 1;
    uint32_t characters = text[begin] == ' ' ? 0 : 1;
    for (; end < text.count && text[end] != ' '; end++)
        if ((uint8_t(text[end]) & 0xc0u) != 0x80u) characters += characters <= most;
    return {end, characters > most};
}

// Whether pieces cover the word; those emitted before that turns out stay to be taken back.
bool emit_pieces(Encoder& e, const LexiconTables& lexicon, Span<const char> word) {
    const Trie pieces = trie_at(e.t, lexicon.units);
    for (size_t at = 0; at < word.count;) {
        const Match piece = longest_match(pieces, {word.data + at, word.count - at}, lexicon.longest);
        if (piece.bytes == 0) return false;
        e.emit(piece.value);
        at += piece.bytes;
    }
    return true;
}

}  // namespace

void encode_wordpiece(Encoder& e, Span<const char> text) {
    const LexiconTables& lexicon = *lexicon_of(e.t);
    for (size_t begin = 0; begin < text.count;) {
        const Word word = word_at(text, begin, lexicon.word_characters);
        const size_t before = e.written;
        if (word.too_long || !emit_pieces(e, lexicon, {text.data + begin, word.end - begin})) {
            e.written = before;
            e.emit(e.t.header().unk);
        }
        begin = word.end;
    }
}

}  // namespace mote
