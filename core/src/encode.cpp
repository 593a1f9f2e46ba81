// encode: text to tokens, around and between control tokens. Works in the caller's scratch.
#include "encode.h"

#include "checked.h"

namespace mote {
namespace {

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

void encode_stretch(Encoder& e, const Stretch& stretch) {
    switch (e.t.header().kind) {
        case TokenizerKind::bpe: return encode_bpe(e, stretch);
        case TokenizerKind::wordpiece:
        case TokenizerKind::unigram: return;  // not opened
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
        if (i > begin) encode_stretch(e, {{text.data + begin, i - begin}, begin, prefix && begin == 0});
        e.emit(token);
        i += n;
        begin = i;
    }
    if (begin < text.count) encode_stretch(e, {{text.data + begin, text.count - begin}, begin, prefix && begin == 0});
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

    Encoder e{t, reinterpret_cast<uint32_t*>(scratch.data), tokens};
    const TokenizerHeader& h = t.header();
    if (options.add_special && (h.flags & tokenizer_add_bos)) e.emit(h.bos);
    encode_text(e, text, options.parse_special);
    if (options.add_special && (h.flags & tokenizer_add_eos)) e.emit(h.eos);
    if (!e.fault.ok()) return e.fault;
    if (e.written > tokens.count) return Fault{Error::buffer_too_small, 0, tokens.count, e.written};
    return e.written;
}

}  // namespace mote
