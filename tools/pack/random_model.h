// random_model: models with random weights, for tests and benchmarks that have no checkpoint.
#pragma once

#include <cstdint>
#include <string>

#include "model/weights.h"

namespace mote::tools {

/// Makes a model of a shape from a seed; the same seed gives the same model everywhere.
///   shape  a preset (260K, 15M, 110M: the Llama shapes of that many parameters), or FAMILY:key=value,... with
///          FAMILY llama, qwen2, qwen3 or gpt2 and keys dim layers heads kv_heads head_dim hidden vocab context,
///          tied=0|1, pairing=halves|interleaved, activation=silu|gelu_tanh|gelu_erf|relu, scale=vector|group
/// A vocabulary of 259 and more gets a tokenizer of bytes. Errors: E_ARG.
Weights random_model(const std::string& shape, uint64_t seed);

}  // namespace mote::tools
