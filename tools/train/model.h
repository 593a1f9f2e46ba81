// model: forward and backward of a whole model over a few sequences, on one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "train/head.h"
#include "train/network.h"

namespace mote::tools {

/// Sequences of one length; rows = sequences * length.
struct Batch {
    const uint32_t* tokens;  // (sequences, length)
    const int32_t* targets;  // (sequences, length): the token that follows, or no_target
    size_t sequences, length;

    size_t rows() const { return sequences * length; }
};

/// Zeros in the embedding and in what each sublayer adds. The same seed gives the same zeros.
struct Dropout {
    float rate = 0;
    uint64_t seed = 0;
};

/// What the forward pass keeps for the backward pass, and scratch for both: one allocation, reused for every batch.
class Activations {
public:
    /// Room for `sequences` of `length`.
    Activations(const Network& network, size_t sequences, size_t length);

    /// Floats that such a batch needs.
    static size_t count(const Network& network, size_t sequences, size_t length);

    // Kept of every layer, rows of:
    float* stream(size_t layer) { return stream_ + layer * stream_step_; }    // dim: x before the layer; layers + 1 of them
    float* middle(size_t layer) { return middle_ + layer * stream_step_; }    // dim: x between attention and feed-forward
    float* qkv(size_t layer) { return qkv_ + layer * qkv_step_; }             // qkv_dim, turned by rope
    float* projected(size_t layer) {
        return projected_ ? projected_ + layer * qkv_step_ : qkv(layer);
    }                                                                             // qkv_dim, before norms of heads
    float* attended(size_t layer) { return attended_ + layer * attended_step_; }  // q_dim
    float* lse(size_t layer) { return lse_ + layer * lse_step_; }             // heads
    float* up(size_t layer) { return up_ + layer * up_step_; }                // up_dim, before the activation

    // Scratch, rows of:
    float* normed;      // dim
    float* active;      // hidden
    float* dstream;     // dim
    float* dnormed;     // dim
    float* dropped;     // dim
    float* dattended;   // q_dim
    float* dqkv;        // qkv_dim
    float* dup;         // up_dim
    float* attention;   // attention_scratch floats
    float* logits;      // head_scratch floats

private:
    struct Plan;
    std::vector<float> memory_;
    float *stream_, *middle_, *qkv_, *projected_, *attended_, *lse_, *up_;
    size_t stream_step_, qkv_step_, attended_step_, lse_step_, up_step_;
};

/// The stream behind the final norm as the head gets it, (rows, dim), in activations.normed.
void forward(const Network& network, const float* w, const Batch& batch, Dropout dropout, Activations& activations);

/// The sum of -ln p over the targets.
double loss(const Network& network, const float* w, const Batch& batch, Activations& activations);

/// The same sum, with dropout; the gradient of `scale` times it is added to dw.
double loss_and_gradient(const Network& network, const float* w, float* dw, const Batch& batch, float scale, Dropout dropout,
                         Activations& activations);

}  // namespace mote::tools
