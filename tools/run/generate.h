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
    bool chat = false;              // the stop tokens of the chat template end an answer, too
    Machine machine;
};

struct Generated {
    std::vector<uint32_t> tokens;   // without the prompt
    uint64_t digest = digest_start; // over the logits that each new token was chosen from; of a greedy session, nothing
    double prompt_seconds = 0, decode_seconds = 0;
    bool ended = false;             // the end token came
};

/// A session that goes on where it stopped, such as a conversation.
class Generator {
public:
    /// `model` and `file` must stay where they are. Throws Failure.
    Generator(const Model& model, const GenerateOptions& options, const std::string& file);

    /// Reads `prompt` behind all tokens before, and generates. `on_token` gets each new token before the next is computed.
    Generated go_on(const std::vector<uint32_t>& prompt, const std::function<void(uint32_t)>& on_token);

    /// Whether not a single token more can be read.
    bool full() const { return position(host_.session) == host_.session.plan.context; }
    uint32_t context() const { return host_.session.plan.context; }

private:
    /// The token chosen after these have been read; `out` gets the digest, where there are logits.
    uint32_t next_token(const uint32_t* tokens, size_t count, Generated& out);
    bool ends(uint32_t token) const;

    const Model& model_;
    const GenerateOptions options_;
    const std::string& file_;
    Sampler sampler_;
    HostSession host_;
    std::vector<uint32_t> unread_;  // the last token made, which the model has not seen yet
};

/// Runs the model. `on_token` gets each new token before the next is computed. Throws Failure.
Generated generate(const Model& model, const std::vector<uint32_t>& prompt, const GenerateOptions& options, const std::string& file,
                   const std::function<void(uint32_t)>& on_token);

}  // namespace mote::tools
