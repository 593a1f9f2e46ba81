// network: a model laid out for training: every parameter in one flat array, which gradients and moments repeat.
#pragma once

#include <cstddef>
#include <vector>

#include "model/weights.h"
#include "train/rope.h"

namespace mote::tools {

/// One tensor's place in the flat array.
struct Parameter {
    TensorKey key;
    uint32_t rows, cols;
    size_t offset;  // floats

    size_t count() const { return size_t(rows) * cols; }
};

constexpr size_t absent = SIZE_MAX;  // the offset of a tensor that the model does not have

/// Offsets of a layer's tensors. q, k, v are neighbours, so that they are one matrix; so are gate and up, and the biases.
struct LayerOffsets {
    size_t attention_norm = absent, attention_norm_bias = absent, qkv = absent, qkv_bias = absent, q_norm = absent, k_norm = absent,
           o = absent, o_bias = absent;
    size_t ffn_norm = absent, ffn_norm_bias = absent, up = absent, up_bias = absent, down = absent, down_bias = absent;
};

struct Network {
    Architecture architecture{};
    std::vector<Parameter> parameters;  // in order of offset
    size_t count = 0;                   // floats in all
    size_t token_embedding = absent, position_embedding = absent, final_norm = absent, final_norm_bias = absent;
    size_t head = absent;               // the token embedding's, if they are tied
    std::vector<LayerOffsets> layers;
    RopeTable rope;
    bool rounded = false;               // activations and cache as the device rounds them (qat.h)

    bool head_norms() const { return layers[0].q_norm != absent; }
    bool gated() const { return architecture.block[0][1].work == Work::gated; }
    size_t q_dim() const { return size_t(architecture.heads) * architecture.head_dim; }
    size_t kv_dim() const { return size_t(architecture.kv_heads) * architecture.head_dim; }
    size_t qkv_dim() const { return q_dim() + 2 * kv_dim(); }
    size_t up_dim() const { return size_t(architecture.hidden) * (gated() ? 2 : 1); }
};

/// The network of a model with causal self-attention and a plain or gated feed-forward, both behind norms.
/// Errors: E_UNSUPPORTED (anything else that an Architecture can say, by name).
Network network_of(const Weights& weights);

/// The tensors as one array of network.count floats, and back.
std::vector<float> flat_values(const Network& network, const Weights& weights);
void store_values(const Network& network, const float* values, Weights& weights);

/// A tensor in an array laid out like the network's; nullptr if it is absent.
inline const float* at(const float* values, size_t offset) { return offset == absent ? nullptr : values + offset; }
inline float* at(float* values, size_t offset) { return offset == absent ? nullptr : values + offset; }

}  // namespace mote::tools
