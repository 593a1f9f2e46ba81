// decode: tokens to text that is never cut inside a UTF-8 character.
#include "tokenizer_tables.h"
#include "utf8.h"

namespace mote {
namespace {

bool is_continuation(char byte) { return (uint8_t(byte) & 0xc0u) == 0x80u; }

// Whether `count` bytes could be the beginning of a longer character.
bool is_unfinished(const char* bytes, size_t count) {
    const uint32_t length = utf8_length(uint8_t(bytes[0]));
    if (length <= count) return false;
    if (count >= 2 && !utf8_second_fits(uint8_t(bytes[0]), uint8_t(bytes[1]))) return false;
    for (size_t i = 2; i < count; i++)
        if (!is_continuation(bytes[i])) return false;
    return true;
}

// How many bytes at the end of `text` wait for the rest of their character.
size_t unfinished_tail(Span<const char> text) {
    for (size_t n = text.count < 3 ? text.count : 3; n > 0; n--)
        if (is_unfinished(text.data + text.count - n, n)) return n;
    return 0;
}

}  // namespace

DecodedText decode(Decoder& d, uint32_t token) {
    const Tokenizer& t = *d.tokenizer;
    if (token >= t.vocab || (!d.show_special && is_special(t, token))) return {};
    Span<const char> text = piece(t, token);
    if (d.at_start && text.count) {
        d.at_start = false;
        const uint32_t taken_away = t.header().flags & (tokenizer_prefix_space | tokenizer_prefix_kept);
        if (taken_away == tokenizer_prefix_space && text[0] == ' ') text = {text.data + 1, text.count - 1};
    }
    // Complete the held character, byte by byte, until it is whole or can no longer become one.
    size_t count = d.held_count, taken = 0;
    for (size_t i = 0; i < count; i++) d.completed[i] = d.held[i];
    while (count && count < sizeof d.completed && taken < text.count && is_unfinished(d.completed, count) && is_continuation(text[taken]))
        d.completed[count++] = text[taken++];
    const Span<const char> rest{text.data + taken, text.count - taken};
    const bool still_unfinished = count && rest.count == 0 && is_unfinished(d.completed, count);
    const size_t tail = still_unfinished ? 0 : unfinished_tail(rest);
    const char* held = still_unfinished ? d.completed : rest.data + (rest.count - tail);
    d.held_count = uint8_t(still_unfinished ? count : tail);
    for (size_t i = 0; i < d.held_count; i++) d.held[i] = held[i];
    return {{d.completed, still_unfinished ? 0 : count}, {rest.data, rest.count - tail}};
}

Span<const char> flush(Decoder& d) {
    const Span<const char> out{d.held, d.held_count};
    d.held_count = 0;
    return out;
}

}  // namespace mote
