// sampler: from logits to a token. Integer from the first subtraction on, so every target draws the same token.
#pragma once

#include "mote/format.h"
#include "mote/result.h"

namespace mote {

/// How to choose. The cuts apply in the order top-k, top-p, min-p, on probabilities at temperature 1; then temperature
/// shapes what is left. Defaults are those that users of llama.cpp know.
struct SamplerOptions {
    float temperature = 0.8f;  // 0: greedy
    uint32_t top_k = 40;       // 0: no cut
    float top_p = 0.95f;       // 1: no cut
    float min_p = 0.05f;       // 0: no cut; relative to the most probable token
    uint64_t seed = 0;
};

struct Sampler {
    SamplerOptions options;
    uint64_t state = 0;
};

/// Errors: argument (temperature negative or not finite, top_p outside (0, 1], min_p outside [0, 1]).
Result<Sampler> sampler(const SamplerOptions& options);

/// Chooses a token. The logits are consumed: their memory holds the sampler's numbers afterwards.
/// Greedy takes the lowest id among equals and does not draw.
/// Errors: argument (no logits), limit (more than max_vocab), nonfinite (`where`: the id of a logit that is NaN or infinite; the logits are unchanged).
Result<uint32_t> sample(Sampler& sampler, Span<float> logits);

}  // namespace mote
