// families: the table.
#include "import/families.h"

#include <iterator>

namespace mote::tools {
namespace {

using A = Architecture;

constexpr const char* attention_bias = "attention_bias";
constexpr const char* mlp_bias = "mlp_bias";
constexpr const char* bias = "bias";  // nanoGPT's name; transformers has no GPT-2 without

const std::vector<SizeKey> llama_sizes = {{"hidden_size", &A::dim},
                                          {"num_hidden_layers", &A::layers},
                                          {"num_attention_heads", &A::heads},
                                          {"vocab_size", &A::vocab},
                                          {"max_position_embeddings", &A::context}};

const std::vector<SizeKey> gpt2_sizes = {
    {"n_embd", &A::dim}, {"n_layer", &A::layers}, {"n_head", &A::heads}, {"vocab_size", &A::vocab}, {"n_positions", &A::context}};

// What all that descend from Llama name alike.
const std::vector<TensorRule> llama_matrices = {
    {Role::token_embedding, "embed_tokens.weight"},
    {Role::final_norm, "norm.weight"},
    {Role::attention_norm, "layers.#.input_layernorm.weight"},
    {Role::q, "layers.#.self_attn.q_proj.weight"},
    {Role::k, "layers.#.self_attn.k_proj.weight"},
    {Role::v, "layers.#.self_attn.v_proj.weight"},
    {Role::o, "layers.#.self_attn.o_proj.weight"},
    {Role::ffn_norm, "layers.#.post_attention_layernorm.weight"},
    {Role::gate, "layers.#.mlp.gate_proj.weight"},
    {Role::up, "layers.#.mlp.up_proj.weight"},
    {Role::down, "layers.#.mlp.down_proj.weight"},
};

const std::vector<TensorRule> optional_attention_biases = {
    {Role::q_bias, "layers.#.self_attn.q_proj.bias", attention_bias},
    {Role::k_bias, "layers.#.self_attn.k_proj.bias", attention_bias},
    {Role::v_bias, "layers.#.self_attn.v_proj.bias", attention_bias},
    {Role::o_bias, "layers.#.self_attn.o_proj.bias", attention_bias},
};

const std::vector<TensorRule> optional_mlp_biases = {
    {Role::gate_bias, "layers.#.mlp.gate_proj.bias", mlp_bias},
    {Role::up_bias, "layers.#.mlp.up_proj.bias", mlp_bias},
    {Role::down_bias, "layers.#.mlp.down_proj.bias", mlp_bias},
};

const std::vector<TensorRule> qwen2_biases = {
    {Role::q_bias, "layers.#.self_attn.q_proj.bias"},
    {Role::k_bias, "layers.#.self_attn.k_proj.bias"},
    {Role::v_bias, "layers.#.self_attn.v_proj.bias"},
};

const std::vector<TensorRule> qwen3_head_norms = {
    {Role::q_norm, "layers.#.self_attn.q_norm.weight"},
    {Role::k_norm, "layers.#.self_attn.k_norm.weight"},
};

const std::vector<TensorRule> gpt2_tensors = {
    {Role::token_embedding, "wte.weight"},
    {Role::position_embedding, "wpe.weight"},
    {Role::final_norm, "ln_f.weight"},
    {Role::final_norm_bias, "ln_f.bias", bias},
    {Role::attention_norm, "h.#.ln_1.weight"},
    {Role::attention_norm_bias, "h.#.ln_1.bias", bias},
    {Role::q, "h.#.attn.c_attn.weight", nullptr, Storage::in_out, 0, 3},
    {Role::q_bias, "h.#.attn.c_attn.bias", bias, Storage::out_in, 0, 3},
    {Role::k, "h.#.attn.c_attn.weight", nullptr, Storage::in_out, 1, 3},
    {Role::k_bias, "h.#.attn.c_attn.bias", bias, Storage::out_in, 1, 3},
    {Role::v, "h.#.attn.c_attn.weight", nullptr, Storage::in_out, 2, 3},
    {Role::v_bias, "h.#.attn.c_attn.bias", bias, Storage::out_in, 2, 3},
    {Role::o, "h.#.attn.c_proj.weight", nullptr, Storage::in_out},
    {Role::o_bias, "h.#.attn.c_proj.bias", bias},
    {Role::ffn_norm, "h.#.ln_2.weight"},
    {Role::ffn_norm_bias, "h.#.ln_2.bias", bias},
    {Role::up, "h.#.mlp.c_fc.weight", nullptr, Storage::in_out},
    {Role::up_bias, "h.#.mlp.c_fc.bias", bias},
    {Role::down, "h.#.mlp.c_proj.weight", nullptr, Storage::in_out},
    {Role::down_bias, "h.#.mlp.c_proj.bias", bias},
};

std::vector<TensorRule> joined(std::initializer_list<std::vector<TensorRule>> lists) {
    std::vector<TensorRule> all;
    for (const std::vector<TensorRule>& list : lists) all.insert(all.end(), list.begin(), list.end());
    return all;
}

Family llama() {
    Family f;
    f.model_type = "llama";
    f.gguf_rope_pairing = RopePairing::interleaved;
    f.prefix = "model.";
    f.sizes = llama_sizes;
    f.kv_heads = "num_key_value_heads";
    f.head_dim = "head_dim";
    f.hidden = "intermediate_size";
    f.norm_eps = "rms_norm_eps";
    f.default_norm_eps = 1e-6;
    f.activation = "hidden_act";
    f.default_activation = "silu";
    f.tensors = joined({llama_matrices, optional_attention_biases, optional_mlp_biases});
    f.demands = {{"quantization_config", "null"}, {"partial_rotary_factor", "1"}};
    f.buffers = {".rotary_emb.inv_freq"};
    return f;
}

Family qwen2() {
    Family f = llama();
    f.model_type = "qwen2";
    f.gguf_rope_pairing = RopePairing::halves;
    f.tensors = joined({llama_matrices, qwen2_biases});
    f.demands.push_back({"use_sliding_window", "false"});
    f.demands.push_back({"layer_types", "\"full_attention\""});
    return f;
}

Family qwen3() {
    Family f = qwen2();
    f.model_type = "qwen3";
    f.default_head_dim = 128;
    f.tensors = joined({llama_matrices, optional_attention_biases, qwen3_head_norms});
    return f;
}

Family gpt2() {
    Family f;
    f.model_type = "gpt2";
    f.prefix = "transformer.";
    f.sizes = gpt2_sizes;
    f.hidden = "n_inner";
    f.default_hidden = 4;
    f.norm = Norm::layer;
    f.norm_eps = "layer_norm_epsilon";
    f.default_norm_eps = 1e-5;
    f.activation = "activation_function";
    f.default_activation = "gelu_new";
    f.position = Position::learned;
    f.rope_pairing = RopePairing::interleaved;  // nothing rotates: the file has 0 here
    f.feed_forward = Work::dense;
    f.tied_by_default = true;
    f.optional_by_default = true;
    f.tensors = gpt2_tensors;
    f.demands = {{"quantization_config", "null"},
                 {"scale_attn_weights", "true"},
                 {"scale_attn_by_inverse_layer_idx", "false"},
                 {"add_cross_attention", "false"}};
    f.buffers = {".attn.bias", ".attn.masked_bias"};
    return f;
}

const Family families[] = {llama(), qwen2(), qwen3(), gpt2()};

struct NamedActivation {
    const char* name;
    Activation activation;
};
constexpr NamedActivation activations[] = {{"silu", Activation::silu},
                                           {"swish", Activation::silu},
                                           {"gelu", Activation::gelu_erf},
                                           {"gelu_new", Activation::gelu_tanh},
                                           {"gelu_pytorch_tanh", Activation::gelu_tanh},
                                           {"relu", Activation::relu}};

void append(std::string& names, const char* name) { names += (names.empty() ? "" : ", ") + std::string(name); }

}  // namespace

const Family* find_family(const std::string& model_type) {
    for (const Family& family : families)
        if (model_type == family.model_type) return &family;
    return nullptr;
}

std::string family_names() {
    std::string names;
    for (const Family& family : families) append(names, family.model_type);
    return names;
}

const Activation* find_activation(const std::string& name) {
    for (const NamedActivation& named : activations)
        if (name == named.name) return &named.activation;
    return nullptr;
}

std::string activation_names() {
    std::string names;
    for (const NamedActivation& named : activations) append(names, named.name);
    return names;
}

}  // namespace mote::tools
