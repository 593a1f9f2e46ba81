// gguf_names: the table.
#include "gguf/gguf_names.h"

namespace mote::tools {
namespace {

struct TensorName {
    Role role;
    const char* name;  // # stands for the layer
};

constexpr TensorName tensor_names[] = {
    {Role::token_embedding, "token_embd.weight"},
    {Role::position_embedding, "position_embd.weight"},
    {Role::final_norm, "output_norm.weight"},
    {Role::final_norm_bias, "output_norm.bias"},
    {Role::head, "output.weight"},
    {Role::attention_norm, "blk.#.attn_norm.weight"},
    {Role::attention_norm_bias, "blk.#.attn_norm.bias"},
    {Role::q, "blk.#.attn_q.weight"},
    {Role::q_bias, "blk.#.attn_q.bias"},
    {Role::k, "blk.#.attn_k.weight"},
    {Role::k_bias, "blk.#.attn_k.bias"},
    {Role::v, "blk.#.attn_v.weight"},
    {Role::v_bias, "blk.#.attn_v.bias"},
    {Role::o, "blk.#.attn_output.weight"},
    {Role::o_bias, "blk.#.attn_output.bias"},
    {Role::q_norm, "blk.#.attn_q_norm.weight"},
    {Role::k_norm, "blk.#.attn_k_norm.weight"},
    {Role::ffn_norm, "blk.#.ffn_norm.weight"},
    {Role::ffn_norm_bias, "blk.#.ffn_norm.bias"},
    {Role::gate, "blk.#.ffn_gate.weight"},
    {Role::gate_bias, "blk.#.ffn_gate.bias"},
    {Role::up, "blk.#.ffn_up.weight"},
    {Role::up_bias, "blk.#.ffn_up.bias"},
    {Role::down, "blk.#.ffn_down.weight"},
    {Role::down_bias, "blk.#.ffn_down.bias"},
};

std::string with_layer(std::string name, uint32_t layer) {
    const size_t at = name.find('#');
    return at == std::string::npos ? name : name.replace(at, 1, std::to_string(layer));
}

}  // namespace

std::string gguf_tensor_name(Role role, uint32_t layer) {
    for (const TensorName& named : tensor_names)
        if (named.role == role) return with_layer(named.name, layer);
    return "";
}

std::string gguf_qkv_name(Role role, uint32_t layer) {
    const bool bias = role == Role::q_bias || role == Role::k_bias || role == Role::v_bias;
    return with_layer(bias ? "blk.#.attn_qkv.bias" : "blk.#.attn_qkv.weight", layer);
}

const char* gguf_norm_key(Norm norm) {
    return norm == Norm::rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
}

}  // namespace mote::tools
