// exercise: what a program does with a model that opened, in small, so that a sanitizer sees every access.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mote/mote.h"
#include "support/aligned.h"

namespace mote::testing {

constexpr size_t exercise_limit = 64u << 20;  // bytes of arena beyond which a session is not started

/// Reads every byte of a span and returns their sum.
inline size_t read_all(Span<const char> span) {
    size_t sum = 0;
    for (const char& c : span) sum += uint8_t(c);
    return sum;
}

/// Encodes and decodes with a tokenizer. Returns a number that depends on every byte decoded.
inline size_t exercise_tokenizer(const Tokenizer& t) {
    const std::string text = "Once upon a time, \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 it's 42  \n\xff</s><s>e\u0301\u0323\u0301\u1100\u1161\xcc";
    std::vector<uint32_t> scratch(encode_scratch(t, text.size()).value / 4), tokens(encode_limit(t, text.size()));
    EncodeOptions options;
    options.parse_special = true;
    const Result<size_t> count = encode(t, {text.data(), text.size()}, options, {reinterpret_cast<uint8_t*>(scratch.data()), scratch.size() * 4},
                                        {tokens.data(), tokens.size()});
    if (count.fault.error == Error::buffer_too_small) __builtin_trap();  // both limits are promises
    tokens.resize(count.ok() ? count.value : 0);
    for (uint32_t id = 0; id < t.vocab && id < 2000; id++) tokens.push_back(id);
    tokens.push_back(t.vocab - 1);
    tokens.push_back(t.vocab);
    Decoder d;
    d.tokenizer = &t;
    size_t bytes = 0;
    for (const uint32_t id : tokens) {
        const DecodedText added = decode(d, id);
        bytes += read_all(added.head) + read_all(added.body);
    }
    bytes += read_all(flush(d));
    if (!chat_template(t)) return bytes;
    for (uint32_t part = 0; part < chat_parts; part++) bytes += read_all(chat_part(t, ChatPart(part)));
    return bytes + ends_turn(t, t.vocab - 1);
}

/// Plans, starts, runs a few tokens and draws one more. An arena of exactly plan.total bytes.
inline void exercise_model(const Model& m) {
    if (m.tokenizer.vocab && exercise_tokenizer(m.tokenizer) == SIZE_MAX) __builtin_trap();  // keeps the reads alive
    const Architecture& a = *m.architecture;
    for (const Format kv : {Format::q8, Format::f16, Format::f32}) {
        const Result<Plan> p = plan(m, Options{a.context < 6 ? a.context : 6, 2, kv, 64});
        if (!p.ok() || p.value.total > exercise_limit) return;
        const AlignedBytes fill(p.value.total);
        const ExactBytes arena(fill.data(), p.value.total);
        Result<Session> s = start(m, p.value, arena.data(), arena.size());
        if (!s.ok()) return;
        const uint32_t tokens[] = {0, a.vocab - 1, a.vocab / 2};
        const Result<Span<float>> logits = step(s.value, tokens, a.context < 3 ? a.context : 3);
        if (!logits.ok()) return;
        Sampler chooser = sampler(SamplerOptions{}).value;
        const Result<uint32_t> token = sample(chooser, logits.value);
        if (token.ok() && token.value >= a.vocab) __builtin_trap();
        if (token.ok() && position(s.value) < p.value.context) (void)!step(s.value, &token.value, 1).ok();
    }
}

}  // namespace mote::testing
