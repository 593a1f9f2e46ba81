// random_model: shapes by name, numbers by a generator that is the same on every machine.
#include "pack/random_model.h"

#include <cmath>
#include <sstream>

#include "base/arguments.h"
#include "base/error.h"
#include "base/random.h"

namespace mote::tools {
namespace {

struct Preset {
    const char* name;
    const char* shape;
};
constexpr Preset presets[] = {
    {"260K", "llama:dim=64,layers=5,heads=8,kv_heads=4,hidden=172,vocab=512,context=512,pairing=interleaved"},
    {"15M", "llama:dim=288,layers=6,heads=6,kv_heads=6,hidden=768,vocab=32000,context=256,pairing=interleaved"},
    {"110M", "llama:dim=768,layers=12,heads=12,kv_heads=12,hidden=2048,vocab=32000,context=1024,pairing=interleaved"},
};

struct Shape {
    std::string family;
    std::map<std::string, std::string> values;

    uint32_t number(const std::string& key, uint32_t otherwise) const {
        const auto it = values.find(key);
        return it == values.end() ? otherwise : parse_u32("--random " + key, it->second);
    }
    std::string text(const std::string& key, const std::string& otherwise) const {
        const auto it = values.find(key);
        return it == values.end() ? otherwise : it->second;
    }
};

const char* const known_keys[] = {"dim", "layers", "heads", "kv_heads", "head_dim", "hidden", "vocab", "context", "tied", "pairing", "activation", "scale"};

Shape parse_shape(std::string text) {
    for (const Preset& preset : presets)
        if (text == preset.name) text = preset.shape;
    Shape shape;
    const size_t colon = text.find(':');
    shape.family = text.substr(0, colon);
    if (shape.family != "llama" && shape.family != "qwen2" && shape.family != "qwen3" && shape.family != "gpt2")
        refuse_usage("--random: '" + text + "' is neither a preset (260K, 15M, 110M) nor llama:, qwen2:, qwen3: or gpt2: with key=value");
    std::istringstream items(colon == std::string::npos ? "" : text.substr(colon + 1));
    for (std::string item; std::getline(items, item, ',');) {
        const size_t equals = item.find('=');
        const std::string key = item.substr(0, equals);
        bool known = false;
        for (const char* k : known_keys) known = known || key == k;
        if (equals == std::string::npos || !known) refuse_usage("--random: unknown setting '" + item + "'");
        if (!shape.values.emplace(key, item.substr(equals + 1)).second) refuse_usage("--random: '" + key + "' stands twice");
    }
    return shape;
}

template <class T>
T choose(const Shape& shape, const std::string& key, const char* otherwise, std::initializer_list<std::pair<const char*, T>> choices) {
    const std::string text = shape.text(key, otherwise);
    std::string names;
    for (const auto& [name, value] : choices) {
        if (text == name) return value;
        names += std::string(names.empty() ? "" : ", ") + name;
    }
    refuse_usage("--random: " + key + "=" + text + "; choose one of " + names);
}

void set_architecture(Weights& w, const Shape& s) {
    const bool gpt2 = s.family == "gpt2";
    Architecture& a = w.architecture;
    a.dim = s.number("dim", 64);
    a.layers = s.number("layers", 2);
    a.heads = s.number("heads", 4);
    a.kv_heads = s.number("kv_heads", a.heads);
    a.head_dim = s.number("head_dim", a.heads ? a.dim / a.heads : 0);
    a.hidden = s.number("hidden", 4 * a.dim);
    a.vocab = s.number("vocab", 259);
    a.context = s.number("context", 256);
    a.norm = gpt2 ? Norm::layer : Norm::rms;
    a.activation = choose<Activation>(s, "activation", gpt2 ? "gelu_tanh" : "silu",
                                      {{"silu", Activation::silu}, {"gelu_tanh", Activation::gelu_tanh},
                                       {"gelu_erf", Activation::gelu_erf}, {"relu", Activation::relu}});
    a.position = gpt2 ? Position::learned : Position::rope;
    a.rope_pairing = choose<RopePairing>(s, "pairing", "halves", {{"halves", RopePairing::halves}, {"interleaved", RopePairing::interleaved}});
    a.activation_scale = choose<ActivationScale>(s, "scale", "vector", {{"vector", ActivationScale::vector}, {"group", ActivationScale::group}});
    a.norm_eps = 1e-5f;
    a.attention_scale = a.head_dim ? 1.0f / std::sqrt(float(a.head_dim)) : 1.0f;
    a.rope_dim = gpt2 ? 0 : a.head_dim / 2 * 2;
    if (!a.heads || !a.kv_heads || a.heads % a.kv_heads)
        refuse_usage("--random: heads " + std::to_string(a.heads) + " must be a multiple of kv_heads " + std::to_string(a.kv_heads));
    if (!a.dim || a.dim > max_dim || !a.layers || a.layers > max_layers || !a.head_dim || a.head_dim > max_head_dim || a.heads > max_dim ||
        a.heads * a.head_dim > max_dim || !a.hidden || a.hidden > max_hidden || !a.vocab || a.vocab > max_vocab || !a.context || a.context > max_context)
        refuse_usage("--random: a size is zero or beyond the limits (dim " + std::to_string(max_dim) + ", layers " + std::to_string(max_layers) +
                     ", head_dim " + std::to_string(max_head_dim) + ", hidden " + std::to_string(max_hidden) + ", vocab " +
                     std::to_string(max_vocab) + ", context " + std::to_string(max_context) + ")");
    set_decoder_block(w, gpt2 ? Work::dense : Work::gated);
}

// Adds tensors in a fixed order, so that a seed means one model. The numbers are drawn when a tensor's values are asked for: the
// generator's state before each tensor is known without them.
class Filler {
public:
    Filler(Weights& w, uint64_t seed) : w_(w), random_(seed) {}

    void matrix(Role role, uint32_t layer, uint32_t rows, uint32_t cols, float deviation) { add(role, layer, rows, cols, 0, deviation); }
    void vector(Role role, uint32_t layer, uint32_t n, float mean, float deviation) { add(role, layer, 1, n, mean, deviation); }

private:
    void add(Role role, uint32_t layer, uint32_t rows, uint32_t cols, float mean, float deviation) {
        const size_t count = size_t(rows) * cols;
        w_.tensors[{role, layer}] = HostTensor(rows, cols, [=, start = random_] {
            Random random = start;
            std::vector<float> values(count);
            for (float& v : values) v = mean + random.normal() * deviation;
            return values;
        });
        random_.skip(count);
    }

    Weights& w_;
    Random random_;
};

void fill_layer(Filler& fill, const Architecture& a, const std::string& family, uint32_t layer) {
    const bool gpt2 = family == "gpt2";
    const uint32_t q_dim = a.heads * a.head_dim, kv_dim = a.kv_heads * a.head_dim;
    const float by_dim = 1.0f / std::sqrt(float(a.dim)), by_layers = 1.0f / std::sqrt(float(2 * a.layers));
    const auto norm = [&](Role role, Role bias) {
        fill.vector(role, layer, a.dim, 1.0f, 0.1f);
        if (gpt2) fill.vector(bias, layer, a.dim, 0, 0.1f);
    };
    const auto bias = [&](Role role, uint32_t n, bool present) {
        if (present) fill.vector(role, layer, n, 0, 0.1f);
    };
    norm(Role::attention_norm, Role::attention_norm_bias);
    fill.matrix(Role::q, layer, q_dim, a.dim, 1.5f * by_dim);
    fill.matrix(Role::k, layer, kv_dim, a.dim, 1.5f * by_dim);
    fill.matrix(Role::v, layer, kv_dim, a.dim, by_dim);
    fill.matrix(Role::o, layer, a.dim, q_dim, by_layers / std::sqrt(float(q_dim)));
    bias(Role::q_bias, q_dim, gpt2 || family == "qwen2");
    bias(Role::k_bias, kv_dim, gpt2 || family == "qwen2");
    bias(Role::v_bias, kv_dim, gpt2 || family == "qwen2");
    bias(Role::o_bias, a.dim, gpt2);
    if (family == "qwen3") {
        fill.vector(Role::q_norm, layer, a.head_dim, 1.0f, 0.1f);
        fill.vector(Role::k_norm, layer, a.head_dim, 1.0f, 0.1f);
    }
    norm(Role::ffn_norm, Role::ffn_norm_bias);
    if (!gpt2) fill.matrix(Role::gate, layer, a.hidden, a.dim, by_dim);
    fill.matrix(Role::up, layer, a.hidden, a.dim, by_dim);
    fill.matrix(Role::down, layer, a.dim, a.hidden, by_layers / std::sqrt(float(a.hidden)));
    bias(Role::up_bias, a.hidden, gpt2);
    bias(Role::down_bias, a.dim, gpt2);
}

// Tokens 0, 1, 2 are unknown, begin and end; token 3 + b is the byte b. Ids beyond have no text.
TokenizerModel byte_tokenizer() {
    TokenizerModel t;
    t.pieces = {"<unk>", "<s>", "</s>"};
    for (uint32_t b = 0; b < 256; b++) {
        t.byte_ids[b] = 3 + b;
        t.pieces.push_back(std::string(1, char(b)));
    }
    t.specials = {0, 1, 2};
    t.flags = tokenizer_add_bos;
    t.unk = 0, t.bos = 1, t.eos = 2;
    return t;
}

}  // namespace

Weights random_model(const std::string& text, uint64_t seed) {
    const Shape shape = parse_shape(text);
    Weights w;
    w.source = "--random " + text;
    set_architecture(w, shape);
    const Architecture& a = w.architecture;
    const bool gpt2 = shape.family == "gpt2";
    Filler fill(w, seed);
    fill.matrix(Role::token_embedding, 0, a.vocab, a.dim, 1.0f);
    if (gpt2) fill.matrix(Role::position_embedding, 0, a.context, a.dim, 0.2f);
    for (uint32_t layer = 0; layer < a.layers; layer++) fill_layer(fill, a, shape.family, layer);
    fill.vector(Role::final_norm, 0, a.dim, 1.0f, 0.1f);
    if (gpt2) fill.vector(Role::final_norm_bias, 0, a.dim, 0, 0.1f);
    if (shape.number("tied", 1) == 0) fill.matrix(Role::head, 0, a.vocab, a.dim, 1.5f / std::sqrt(float(a.dim)));
    for (uint32_t i = 0; i < a.rope_dim / 2; i++)
        w.rope_frequencies.push_back(rope_turns(std::pow(10000.0, -2.0 * i / double(a.rope_dim))));
    if (a.vocab >= 259) w.tokenizer = byte_tokenizer();
    return w;
}

}  // namespace mote::tools
