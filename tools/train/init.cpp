// init: an architecture by its family's row, tensors in order of their keys.
#include "train/init.h"

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "import/families.h"
#include "import/rope.h"
#include "import/shape.h"

namespace mote::tools {
namespace {

const Family& family_named(const std::string& name) {
    const Family* family = find_family(name);
    if (!family) refuse_usage("--family " + name + ": choose one of " + family_names());
    return *family;
}

Architecture architecture_of(const ModelShape& shape, const Family& family) {
    if (shape.heads == 0 || shape.dim % shape.heads != 0)
        refuse_usage("--dim " + std::to_string(shape.dim) + " does not split into --heads " + std::to_string(shape.heads));
    const uint32_t kv_heads = shape.kv_heads ? shape.kv_heads : shape.heads;
    if (kv_heads != shape.heads && !family.kv_heads)
        refuse_usage("--kv-heads: the family " + shape.family + " has as many as heads");
    Architecture a{};
    a.dim = shape.dim;
    a.layers = shape.layers;
    a.heads = shape.heads;
    a.kv_heads = kv_heads;
    a.head_dim = shape.dim / shape.heads;
    a.hidden = shape.hidden                         ? shape.hidden
               : family.feed_forward == Work::gated ? (8 * shape.dim / 3 + 31) / 32 * 32
                                                    : 4 * shape.dim;
    a.vocab = shape.vocab;
    a.context = shape.context;
    a.norm = family.norm;
    a.norm_eps = float(family.default_norm_eps);
    a.activation = *find_activation(family.default_activation);
    a.position = family.position;
    a.rope_pairing = family.rope_pairing;
    a.rope_dim = family.position == Position::rope ? a.head_dim : 0;
    a.attention_scale = 1.0f / std::sqrt(float(a.head_dim));
    return a;
}

bool is_bias(const Architecture& a, Role role) {
    return shape_of(a, role).rows == 1 && std::string(role_name(role)).find("bias") != std::string::npos;
}

std::vector<float> first_values(const Architecture& a, Role role, Shape shape, Random& random) {
    std::vector<float> values(size_t(shape.rows) * shape.cols, is_bias(a, role) ? 0.0f : 1.0f);
    if (shape.rows == 1) return values;
    const bool adds_to_stream = role == Role::o || role == Role::down;
    const float deviation = adds_to_stream ? 0.02f / std::sqrt(float(2 * a.layers)) : 0.02f;
    for (float& value : values) value = random.normal() * deviation;
    return values;
}

}  // namespace

Weights initial_weights(const ModelShape& shape, uint64_t seed) {
    const Family& family = family_named(shape.family);
    Weights w;
    w.source = "a new " + shape.family + " model";
    w.architecture = architecture_of(shape, family);
    require_possible(w.architecture, w.source);
    set_decoder_block(w, family.feed_forward);
    if (w.architecture.rope_dim) w.rope_frequencies = rope_frequencies(w.architecture.rope_dim, 10000.0);
    for (const TensorRule& rule : family.tensors) {
        if (rule.exists_if && !(family.optional_by_default && shape.bias)) continue;
        const uint32_t layers = rule.role >= Role::attention_norm ? shape.layers : 1;
        for (uint32_t layer = 0; layer < layers; layer++) w.tensors[{rule.role, layer}] = {};
    }
    if (!shape.tied) w.tensors[{Role::head, 0}] = {};
    Random random(seed);
    for (auto& [key, tensor] : w.tensors) {
        const Shape s = shape_of(w.architecture, key.first);
        tensor = HostTensor(s.rows, s.cols, first_values(w.architecture, key.first, s, random));
    }
    return w;
}

}  // namespace mote::tools
