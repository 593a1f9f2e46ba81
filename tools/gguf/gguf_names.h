// gguf_names: what GGUF calls the sizes of an architecture and the roles of its tensors: the same in all families.
#pragma once

#include <string>

#include "mote/format.h"

namespace mote::tools {

/// A size and its key, behind the architecture's name and a dot.
struct GgufSize {
    const char* key;
    uint32_t Architecture::*size;
};
constexpr GgufSize gguf_sizes[] = {{"embedding_length", &Architecture::dim},
                                   {"block_count", &Architecture::layers},
                                   {"attention.head_count", &Architecture::heads},
                                   {"feed_forward_length", &Architecture::hidden},
                                   {"context_length", &Architecture::context}};

/// "blk.3.attn_q.weight"; empty for roles that no tensor of GGUF has.
std::string gguf_tensor_name(Role role, uint32_t layer);

/// The one tensor in which some families have q, k and v, in this order: their weights, or their biases.
std::string gguf_qkv_name(Role role, uint32_t layer);

/// Divides the frequencies of rope, pair by pair.
constexpr const char* gguf_rope_divisors = "rope_freqs.weight";

/// The key of the norm's epsilon.
const char* gguf_norm_key(Norm norm);

}  // namespace mote::tools
