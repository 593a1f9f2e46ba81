// evaluate: how well a model predicts a text.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "mote/mote.h"

namespace mote::tools {

/// The loss of a text. Windows of `context` tokens, each begun with the tokenizer's begin token where it has one; every
/// token after a window's first is predicted once.
struct Evaluation {
    double nats = 0;      // sum of -ln p
    uint64_t tokens = 0;  // predicted
    uint64_t bytes = 0;   // of text that these tokens stand for

    double nats_per_token() const { return nats / double(tokens); }
    double nats_per_byte() const { return nats / double(bytes); }
};

/// -ln softmax(logits)[token], in double.
double negative_log_likelihood(Span<const float> logits, uint32_t token);

/// Gets the logits that predict each token.
using LogitsObserver = std::function<void(Span<const float> logits)>;

/// Throws Failure.
Evaluation evaluate(const Model& model, const Options& options, const std::vector<uint32_t>& text_tokens, const std::string& file,
                    const LogitsObserver& observe = {});

}  // namespace mote::tools
