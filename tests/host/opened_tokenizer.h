// opened_tokenizer: a tokenizer of the host as core sees it: packed, opened, used.
#pragma once

#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/tokenizer_model.h"
#include "mote/tokenizer.h"

namespace mote::testing {

class OpenedTokenizer {
public:
    explicit OpenedTokenizer(const tools::TokenizerModel& model) {
        const std::vector<uint8_t> section = tools::pack_tokenizer(model, static_cast<uint32_t>(model.pieces.size()), "test");
        chunks_.resize(section.size() / sizeof(Chunk));
        std::copy(section.begin(), section.end(), chunks_.data()->bytes);
        const Result<Tokenizer> opened = open_tokenizer(chunks_.data()->bytes, section.size());
        if (!opened.ok()) throw std::runtime_error(error_sentence(opened.fault.error));
        tokenizer_ = opened.value;
    }

    const Tokenizer& core() const { return tokenizer_; }

    std::vector<uint32_t> encode(const std::string& text, EncodeOptions options = {}) const {
        std::vector<uint32_t> words(mote::encode_scratch(tokenizer_, text.size()).value / 4), tokens(encode_limit(tokenizer_, text.size()));
        const Result<size_t> count =
            mote::encode(tokenizer_, {text.data(), text.size()}, options,
                         {reinterpret_cast<uint8_t*>(words.data()), words.size() * 4}, {tokens.data(), tokens.size()});
        if (!count.ok()) throw std::runtime_error(error_sentence(count.fault.error));
        tokens.resize(count.value);
        return tokens;
    }

    std::string decode(const std::vector<uint32_t>& tokens) const {
        Decoder decoder;
        decoder.tokenizer = &tokenizer_;
        std::string text;
        for (const uint32_t token : tokens) {
            const DecodedText added = mote::decode(decoder, token);
            text.append(added.head.data, added.head.count);
            text.append(added.body.data, added.body.count);
        }
        const Span<const char> rest = mote::flush(decoder);
        return text.append(rest.data, rest.count);
    }

private:
    struct alignas(image_alignment) Chunk {
        uint8_t bytes[image_alignment];
    };
    std::vector<Chunk> chunks_;
    Tokenizer tokenizer_;
};

inline EncodeOptions plain() {
    EncodeOptions options;
    options.add_special = false;
    return options;
}

}  // namespace mote::testing
