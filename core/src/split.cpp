// split: the rules that cut a text into words, between which no merge happens.
#include "tokenizer_tables.h"
#include "utf8.h"

namespace mote {
namespace {

// GPT-2:
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

}  // namespace

size_t first_word(const Tokenizer& t, Span<const char> text) {
    return t.header().pre_tokenizer == PreTokenizer::none ? text.count : gpt2_word(t, text);
}

}  // namespace mote
