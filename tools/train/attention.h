// attention: causal, with groups of query heads that share keys and values; one sequence at a time, a block of queries at a time,
// so that no more than (query_block, tokens) scores exist at once. The backward pass computes them again.
#pragma once

#include <cstddef>

namespace mote::tools {

/// One sequence. The rows of qkv are [q: heads * head_dim | k: kv_heads * head_dim | v: kv_heads * head_dim].
struct AttentionShape {
    size_t tokens, heads, kv_heads, head_dim;
    float scale;  // multiplies q k

    size_t q_dim() const { return heads * head_dim; }
    size_t kv_dim() const { return kv_heads * head_dim; }
    size_t stride() const { return q_dim() + 2 * kv_dim(); }
};

/// Floats of scratch for either pass.
size_t attention_scratch(const AttentionShape& s);

/// y = softmax(scale q k^T, over the keys up to each query) v, for every head.
///   y    (tokens, q_dim), overwritten
///   lse  (heads, tokens), overwritten: ln of the sum of the exponentials, for the backward pass
///   qkv  (tokens, stride)
void attention_forward(float* y, float* lse, const float* qkv, float* scratch, const AttentionShape& s);

/// With p = softmax(scale q k^T), from lse:  dv = p^T dy;  ds = scale p (dy v^T - rowsum(dy y));  dq = ds k;  dk = ds^T q.
///   dqkv  (tokens, stride), overwritten
void attention_backward(float* dqkv, const float* dy, const float* y, const float* lse, const float* qkv, float* scratch,
                        const AttentionShape& s);

}  // namespace mote::tools
