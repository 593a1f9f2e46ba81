// generate: prompt in, tokens out, with the text, the ids and the digest on the way.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "run/arena.h"

namespace mote::tools {

struct GenerateOptions {
    Options session;
    SamplerOptions sampler;
    std::optional<uint32_t> count;  // tokens to make; absent: until the end token or a full context
    bool ignore_eos = false;
    Machine machine;
};

struct Generated {
    std::vector<uint32_t> tokens;   // without the prompt
    uint64_t digest = digest_start; // over the logits that each new token was chosen from
    double prompt_seconds = 0, decode_seconds = 0;
    bool ended = false;             // the end token came
};

/// Runs the model. `on_token` gets each new token before the next is computed. Throws Failure.
Generated generate(const Model& model, const std::vector<uint32_t>& prompt, const GenerateOptions& options, const std::string& file,
                   const std::function<void(uint32_t)>& on_token);

}  // namespace mote::tools
