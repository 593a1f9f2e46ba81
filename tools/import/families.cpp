// families: the table.
#include "import/families.h"

#include <utility>

#include "import/shape.h"

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

// Llama's names with matrices that share a tensor, as Phi-3 and inference servers store them.
const std::vector<TensorRule> fused_llama_matrices = {
    {Role::token_embedding, "embed_tokens.weight"},
    {Role::final_norm, "norm.weight"},
    {Role::attention_norm, "layers.#.input_layernorm.weight"},
    {Role::q, "layers.#.self_attn.qkv_proj.weight"},
    {Role::k, "layers.#.self_attn.qkv_proj.weight"},
    {Role::v, "layers.#.self_attn.qkv_proj.weight"},
    {Role::o, "layers.#.self_attn.o_proj.weight"},
    {Role::ffn_norm, "layers.#.post_attention_layernorm.weight"},
    {Role::gate, "layers.#.mlp.gate_up_proj.weight"},
    {Role::up, "layers.#.mlp.gate_up_proj.weight"},
    {Role::down, "layers.#.mlp.down_proj.weight"},
};

// Meta's own files, Mistral's, and those of llama2.c's training script.
const std::vector<TensorRule> meta_tensors = {
    {Role::token_embedding, "tok_embeddings.weight"},
    {Role::final_norm, "norm.weight"},
    {Role::attention_norm, "layers.#.attention_norm.weight"},
    {Role::q, "layers.#.attention.wq.weight"},
    {Role::k, "layers.#.attention.wk.weight"},
    {Role::v, "layers.#.attention.wv.weight"},
    {Role::o, "layers.#.attention.wo.weight"},
    {Role::ffn_norm, "layers.#.ffn_norm.weight"},
    {Role::gate, "layers.#.feed_forward.w1.weight"},
    {Role::up, "layers.#.feed_forward.w3.weight"},
    {Role::down, "layers.#.feed_forward.w2.weight"},
};

// GPT-2's names. Hugging Face stores matrices as (in, out) and always has biases; nanoGPT has (out, in), and biases if asked.
std::vector<TensorRule> gpt2_tensors(Storage storage) {
    return {
        {Role::token_embedding, "wte.weight"},
        {Role::position_embedding, "wpe.weight"},
        {Role::final_norm, "ln_f.weight"},
        {Role::final_norm_bias, "ln_f.bias", bias},
        {Role::attention_norm, "h.#.ln_1.weight"},
        {Role::attention_norm_bias, "h.#.ln_1.bias", bias},
        {Role::q, "h.#.attn.c_attn.weight", nullptr, storage},
        {Role::q_bias, "h.#.attn.c_attn.bias", bias},
        {Role::k, "h.#.attn.c_attn.weight", nullptr, storage},
        {Role::k_bias, "h.#.attn.c_attn.bias", bias},
        {Role::v, "h.#.attn.c_attn.weight", nullptr, storage},
        {Role::v_bias, "h.#.attn.c_attn.bias", bias},
        {Role::o, "h.#.attn.c_proj.weight", nullptr, storage},
        {Role::o_bias, "h.#.attn.c_proj.bias", bias},
        {Role::ffn_norm, "h.#.ln_2.weight"},
        {Role::ffn_norm_bias, "h.#.ln_2.bias", bias},
        {Role::up, "h.#.mlp.c_fc.weight", nullptr, storage},
        {Role::up_bias, "h.#.mlp.c_fc.bias", bias},
        {Role::down, "h.#.mlp.c_proj.weight", nullptr, storage},
        {Role::down_bias, "h.#.mlp.c_proj.bias", bias},
    };
}

// minGPT before it took GPT-2's names.
const std::vector<TensorRule> old_mingpt_tensors = {
    {Role::token_embedding, "tok_emb.weight"},
    {Role::position_embedding, "pos_emb"},
    {Role::final_norm, "ln_f.weight"},
    {Role::final_norm_bias, "ln_f.bias"},
    {Role::attention_norm, "blocks.#.ln1.weight"},
    {Role::attention_norm_bias, "blocks.#.ln1.bias"},
    {Role::q, "blocks.#.attn.query.weight"},
    {Role::q_bias, "blocks.#.attn.query.bias"},
    {Role::k, "blocks.#.attn.key.weight"},
    {Role::k_bias, "blocks.#.attn.key.bias"},
    {Role::v, "blocks.#.attn.value.weight"},
    {Role::v_bias, "blocks.#.attn.value.bias"},
    {Role::o, "blocks.#.attn.proj.weight"},
    {Role::o_bias, "blocks.#.attn.proj.bias"},
    {Role::ffn_norm, "blocks.#.ln2.weight"},
    {Role::ffn_norm_bias, "blocks.#.ln2.bias"},
    {Role::up, "blocks.#.mlp.0.weight"},
    {Role::up_bias, "blocks.#.mlp.0.bias"},
    {Role::down, "blocks.#.mlp.2.weight"},
    {Role::down_bias, "blocks.#.mlp.2.bias"},
};

// atome-lm: norms with biases, matrices without.
const std::vector<TensorRule> atome_tensors = {
    {Role::token_embedding, "tok_embed.weight"},
    {Role::position_embedding, "pos_embed.weight"},
    {Role::final_norm, "norm_final.weight"},
    {Role::final_norm_bias, "norm_final.bias"},
    {Role::attention_norm, "blocks.#.norm1.weight"},
    {Role::attention_norm_bias, "blocks.#.norm1.bias"},
    {Role::q, "blocks.#.attn.qkv.weight"},
    {Role::k, "blocks.#.attn.qkv.weight"},
    {Role::v, "blocks.#.attn.qkv.weight"},
    {Role::o, "blocks.#.attn.out.weight"},
    {Role::ffn_norm, "blocks.#.norm2.weight"},
    {Role::ffn_norm_bias, "blocks.#.norm2.bias"},
    {Role::up, "blocks.#.ffn.up.weight"},
    {Role::down, "blocks.#.ffn.down.weight"},
};

std::vector<TensorRule> joined(std::initializer_list<std::vector<TensorRule>> lists) {
    std::vector<TensorRule> all;
    for (const std::vector<TensorRule>& list : lists) all.insert(all.end(), list.begin(), list.end());
    return all;
}

Dialect dialect(const char* prefix, std::vector<TensorRule> tensors, const char* head, double norm_eps, const char* activation) {
    Dialect d;
    d.prefix = prefix;
    d.tensors = std::move(tensors);
    d.head = head;
    d.default_norm_eps = norm_eps;
    d.default_activation = activation;
    d.buffers = {".attn.bias",           ".attn.masked_bias", ".attn.mask", ".attention.mask",
                 ".rotary_emb.inv_freq", "rope.freqs",        "freqs_cos",  "freqs_sin"};
    return d;
}

Dialect meta() {
    Dialect d = dialect("", meta_tensors, "output.weight", 1e-5, "silu");
    d.rope_pairing = RopePairing::interleaved;
    return d;
}

Dialect nanogpt() {
    Dialect d = dialect("transformer.", gpt2_tensors(Storage::out_in), "lm_head.weight", 1e-5, "gelu");
    d.note =
        "names as nanoGPT has them, so the activation is gelu; if minGPT wrote it, pass a --config with \"activation_function\": "
        "\"gelu_new\"";
    return d;
}

Family llama() {
    Family f;
    static_cast<Dialect&>(f) =
        dialect("model.", joined({llama_matrices, optional_attention_biases, optional_mlp_biases}), "lm_head.weight", 1e-6, "silu");
    f.model_type = "llama";
    f.gguf_rope_pairing = RopePairing::interleaved;
    f.class_name = "LlamaForCausalLM";
    f.sizes = llama_sizes;
    f.kv_heads = "num_key_value_heads";
    f.head_dim = "head_dim";
    f.hidden = "intermediate_size";
    f.norm_eps = "rms_norm_eps";
    f.activation = "hidden_act";
    f.demands = {{"quantization_config", "null"}, {"partial_rotary_factor", "1"}};
    f.others = {meta(), dialect("model.", fused_llama_matrices, "lm_head.weight", 1e-6, "silu")};
    return f;
}

Family mistral() {
    Family f = llama();
    f.model_type = "mistral";
    f.class_name = "MistralForCausalLM";
    f.tensors = llama_matrices;
    f.has_window = true;
    return f;
}

Family qwen2() {
    Family f = llama();
    f.model_type = "qwen2";
    f.gguf_rope_pairing = RopePairing::halves;
    f.class_name = "Qwen2ForCausalLM";
    f.tensors = joined({llama_matrices, qwen2_biases});
    f.demands.push_back({"layer_types", "[\"full_attention\", \"sliding_attention\"]"});
    f.has_window = true;
    f.window_if = "use_sliding_window";
    f.others = {};
    return f;
}

Family qwen3() {
    Family f = qwen2();
    f.model_type = "qwen3";
    f.class_name = "Qwen3ForCausalLM";
    f.default_head_dim = 128;
    f.tensors = joined({llama_matrices, optional_attention_biases, qwen3_head_norms});
    return f;
}

Family gpt2() {
    Family f;
    static_cast<Dialect&>(f) = dialect("transformer.", gpt2_tensors(Storage::in_out), "lm_head.weight", 1e-5, "gelu_new");
    f.rope_pairing = RopePairing::interleaved;  // nothing rotates: the file has 0 here
    f.model_type = "gpt2";
    f.class_name = "GPT2LMHeadModel";
    f.sizes = gpt2_sizes;
    f.hidden = "n_inner";
    f.default_hidden = 4;
    f.norm = Norm::layer;
    f.norm_eps = "layer_norm_epsilon";
    f.activation = "activation_function";
    f.position = Position::learned;
    f.feed_forward = Work::dense;
    f.tied_by_default = true;
    f.optional_by_default = true;
    f.demands = {{"quantization_config", "null"},
                 {"scale_attn_weights", "true"},
                 {"scale_attn_by_inverse_layer_idx", "false"},
                 {"add_cross_attention", "false"}};
    f.others = {nanogpt(), dialect("", old_mingpt_tensors, "head.weight", 1e-5, "gelu"),
                dialect("", atome_tensors, "unembed.weight", 1e-5, "gelu")};
    for (Dialect& other : f.others) other.rope_pairing = f.rope_pairing;
    return f;
}

// ---- configurations: one size by all its names

struct SizeNames {
    uint32_t Architecture::*size;
    std::vector<const char*> names;
};
const SizeNames size_names[] = {
    {&A::dim, {"hidden_size", "n_embd", "dim", "d_model", "n_embed", "embed_dim", "emb_dim"}},
    {&A::layers, {"num_hidden_layers", "n_layer", "n_layers", "num_layers"}},
    {&A::heads, {"num_attention_heads", "n_head", "n_heads", "num_heads"}},
    {&A::kv_heads, {"num_key_value_heads", "n_kv_heads", "n_kv_head", "num_kv_heads"}},
    {&A::head_dim, {"head_dim", "head_size"}},
    {&A::hidden, {"intermediate_size", "n_inner", "hidden_dim", "d_ff", "ffn_dim"}},
    {&A::vocab, {"vocab_size", "n_vocab"}},
    {&A::context,
     {"max_position_embeddings", "n_positions", "block_size", "max_seq_len", "max_seq", "n_ctx", "seq_len", "context_length"}},
};
const std::vector<std::vector<const char*>> number_names = {
    {"rms_norm_eps", "layer_norm_epsilon", "norm_eps", "layer_norm_eps", "eps"},
    {"rope_theta", "rope_base"},
    {"activation_function", "hidden_act", "activation"},
};

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

const std::vector<Family>& families() {
    static const std::vector<Family> all = {llama(), mistral(), qwen2(), qwen3(), gpt2()};
    return all;
}

const Family* find_family(const std::string& model_type) {
    for (const Family& family : families())
        if (model_type == family.model_type) return &family;
    return nullptr;
}

std::string family_names() {
    std::string names;
    for (const Family& family : families()) append(names, family.model_type);
    return names;
}

Part part_of(const Dialect& dialect, const TensorRule& rule, const Architecture& architecture) {
    Part part;
    for (const TensorRule& other : dialect.tensors) {
        if (std::string(other.name) != rule.name) continue;
        if (&other == &rule) part.first = part.all;
        const Shape shape = shape_of(architecture, other.role);
        part.all += shape.rows == 1 ? shape.cols : shape.rows;
    }
    return part;
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

std::vector<const char*> other_names(uint32_t Architecture::*size) {
    for (const SizeNames& one : size_names)
        if (one.size == size) return one.names;
    return {};
}

std::vector<const char*> other_names(const std::string& key) {
    for (const std::vector<const char*>& names : number_names)
        for (const char* name : names)
            if (key == name) return names;
    return {};
}

}  // namespace mote::tools
