// tokenizers: byte-pair tokenizers made on the spot, opened from the section that they are packed into.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "model/tokenizer_model.h"
#include "mote/tokenizer.h"
#include "support/aligned.h"

namespace mote::testing {

struct TestTokenizer {
    AlignedBytes section;
    Tokenizer tokenizer;
};

inline TestTokenizer open_test_tokenizer(const tools::TokenizerModel& model) {
    TestTokenizer t{AlignedBytes(tools::pack_tokenizer(model, uint32_t(model.pieces.size()), "test")), {}};
    const Result<Tokenizer> opened = open_tokenizer(t.section.data(), t.section.size());
    if (!opened.ok()) throw std::runtime_error(error_sentence(opened.fault.error));
    t.tokenizer = opened.value;
    return t;
}

/// A tokenizer with these pieces and nothing else.
inline tools::TokenizerModel model_of_pieces(const std::vector<std::string>& pieces) {
    tools::TokenizerModel m;
    m.pieces = pieces;
    m.byte_ids.fill(no_token);
    return m;
}

/// Adds the merge of two pieces, and its result to the vocabulary if it is new. Ranks ascend.
inline void add_merge(tools::TokenizerModel& m, uint32_t left, uint32_t right) {
    const std::string joined = m.pieces[left] + m.pieces[right];
    uint32_t id = 0;
    while (id < m.pieces.size() && m.pieces[id] != joined) id++;
    if (id == m.pieces.size()) m.pieces.push_back(joined);
    m.merges.push_back({left, right, id, uint32_t(m.merges.size())});
}

inline Result<size_t> try_encode(const Tokenizer& t, const std::string& text, const EncodeOptions& options, std::vector<uint32_t>& tokens) {
    std::vector<uint32_t> scratch(encode_scratch(t, text.size()).value / 4);
    return encode(t, {text.data(), text.size()}, options, {reinterpret_cast<uint8_t*>(scratch.data()), scratch.size() * 4},
                  {tokens.data(), tokens.size()});
}

inline std::vector<uint32_t> encode_all(const Tokenizer& t, const std::string& text, const EncodeOptions& options = {}) {
    std::vector<uint32_t> tokens(encode_limit(t, text.size()));
    const Result<size_t> count = try_encode(t, text, options, tokens);
    if (!count.ok()) throw std::runtime_error(error_sentence(count.fault.error));
    tokens.resize(count.value);
    return tokens;
}

inline std::string text_of(Span<const char> span) { return std::string(span.data, span.count); }

/// What each token adds; the last element is what was still held.
inline std::vector<std::string> decode_steps(const Tokenizer& t, const std::vector<uint32_t>& tokens, bool show_special = false) {
    Decoder d;
    d.tokenizer = &t;
    d.show_special = show_special;
    std::vector<std::string> steps;
    for (const uint32_t token : tokens) {
        const DecodedText added = decode(d, token);
        steps.push_back(text_of(added.head) + text_of(added.body));
    }
    steps.push_back(text_of(flush(d)));
    return steps;
}

inline std::string decode_all(const Tokenizer& t, const std::vector<uint32_t>& tokens, bool show_special = false) {
    std::string text;
    for (const std::string& s : decode_steps(t, tokens, show_special)) text += s;
    return text;
}

}  // namespace mote::testing
