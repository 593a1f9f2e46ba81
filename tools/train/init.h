// init: models before their first step.
#pragma once

#include <cstdint>
#include <string>

#include "model/weights.h"

namespace mote::tools {

/// The sizes of a model, before its family makes an architecture of them.
struct ModelShape {
    std::string family = "gpt2";  // a row of import/families
    uint32_t layers = 4, dim = 128, heads = 4;
    uint32_t kv_heads = 0;        // 0: as many as heads
    uint32_t hidden = 0;          // 0: 4 dim, or if gated 8/3 dim up to a multiple of 32
    uint32_t context = 64, vocab = 0;
    bool tied = true;             // the token embedding is the head
    bool bias = true;             // of norms and matrices, where the family has them
};

/// Matrices and embeddings with deviation 0.02, those that add to the stream with 0.02 / sqrt(2 layers) as GPT-2 has them; biases 0
/// and norms 1. The same seed gives the same model everywhere.
/// Errors: E_ARG (a family or sizes that are impossible), E_UNSUPPORTED (a family that cannot be trained).
Weights initial_weights(const ModelShape& shape, uint64_t seed);

}  // namespace mote::tools
