// gguf: keys make the architecture, a family's roles find the tensors.
#include "import/gguf.h"

#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"
#include "gguf/gguf_names.h"
#include "import/families.h"
#include "import/rope.h"

namespace mote::tools {
namespace {

// ---- keys

// The keys of one architecture: `llama.` and what follows.
class Keys {
public:
    Keys(const GgufFile& gguf, std::string architecture) : gguf_(gguf), prefix_(std::move(architecture) + ".") {}

    const GgufValue* find(const std::string& key) const { return gguf_.find(prefix_ + key); }

    uint32_t size(const std::string& key) const { return size_of(gguf_.at(prefix_ + key)); }
    uint32_t size_or(const std::string& key, uint32_t otherwise) const { return find(key) ? size_of(*find(key)) : otherwise; }
    double positive_or(const std::string& key, double otherwise) const {
        if (!find(key)) return otherwise;
        const double value = find(key)->number();
        if (!(value > 0) || !std::isfinite(value)) find(key)->refuse("E_RANGE", "must be more than 0");
        return value;
    }

private:
    static uint32_t size_of(const GgufValue& value) {
        if (value.kind() == GgufKind::array) value.refuse("E_UNSUPPORTED", "a size for each layer is not supported");
        return static_cast<uint32_t>(value.integer(std::numeric_limits<uint32_t>::max()));
    }

    const GgufFile& gguf_;
    std::string prefix_;
};

const Family& family_of(const GgufFile& gguf) {
    const GgufValue& architecture = gguf.at("general.architecture");
    const Family* family = find_family(architecture.text());
    if (!family)
        architecture.refuse("E_UNSUPPORTED",
                            "\"" + architecture.text().substr(0, 40) + "\" is not supported; supported are " + family_names());
    return *family;
}

void check_demands(const Keys& keys, uint32_t context) {
    const GgufValue* experts = keys.find("expert_count");
    if (experts && experts->integer(UINT32_MAX) != 0) experts->refuse("E_UNSUPPORTED", "mixtures of experts are not supported");
    const GgufValue* window = keys.find("attention.sliding_window");
    if (window && window->integer(UINT32_MAX) != 0 && window->integer(UINT32_MAX) < context)
        window->refuse("E_UNSUPPORTED",
                       "attention within a window of " + std::to_string(window->integer(UINT32_MAX)) + " tokens is not supported");
}

void read_head_dim(const GgufFile& gguf, const Keys& keys, Architecture& a) {
    if (const GgufValue* key_length = keys.find("attention.key_length")) {
        a.head_dim = static_cast<uint32_t>(key_length->integer(std::numeric_limits<uint32_t>::max()));
        if (keys.size_or("attention.value_length", a.head_dim) != a.head_dim)
            key_length->refuse("E_UNSUPPORTED", "heads whose keys and values have different lengths are not supported");
        return;
    }
    if (a.heads == 0 || a.dim % a.heads != 0)
        refuse("E_SHAPE", gguf.path, std::to_string(a.dim) + " columns do not split into " + std::to_string(a.heads) + " heads");
    a.head_dim = a.dim / a.heads;
}

const GgufTensor& require(const GgufFile& gguf, const std::string& name) {
    const auto found = gguf.tensors.find(name);
    if (found == gguf.tensors.end()) refuse("E_MISSING", gguf.path, "has no tensor " + name);
    return found->second;
}

// The vocabulary has no key of its own in many files: it is as large as the embedding.
uint32_t vocab_of(const GgufFile& gguf) {
    const std::string name = gguf_tensor_name(Role::token_embedding, 0);
    const GgufTensor& embedding = require(gguf, name);
    if (embedding.dims.size() != 2 || embedding.dims[1] > max_vocab)
        refuse(embedding.dims.size() != 2 ? "E_SHAPE" : "E_LIMIT", gguf.path,
               name + " has the shape " + embedding.dims_text() + "; a vocabulary has at most " + std::to_string(max_vocab) +
                   " tokens");
    return static_cast<uint32_t>(embedding.dims[1]);
}

// Rope goes on without end, so a model may be used in part; core counts positions with 16 bits.
void bound_context(const GgufFile& gguf, Weights& weights) {
    Architecture& a = weights.architecture;
    if (a.position != Position::rope || a.context <= max_context) return;
    weights.notes.push_back(gguf.path + ": the context of " + std::to_string(a.context) + " tokens is cut to " +
                            std::to_string(max_context));
    a.context = max_context;
}

void read_architecture(const GgufFile& gguf, const Family& family, const Keys& keys, Weights& weights) {
    Architecture& a = weights.architecture;
    for (const GgufSize& size : gguf_sizes) a.*size.size = keys.size(size.key);
    check_demands(keys, a.context);
    a.kv_heads = keys.size_or("attention.head_count_kv", a.heads);
    a.vocab = vocab_of(gguf);
    read_head_dim(gguf, keys, a);
    a.norm = family.norm;
    a.norm_eps = static_cast<float>(gguf.at(std::string(family.model_type) + "." + gguf_norm_key(a.norm)).number());
    a.activation = *find_activation(family.default_activation);
    a.position = family.position;
    a.rope_pairing = a.position == Position::rope ? family.gguf_rope_pairing : family.rope_pairing;
    a.rope_dim = a.position == Position::rope ? keys.size_or("rope.dimension_count", a.head_dim) : 0;
    a.attention_scale = 1.0f / std::sqrt(static_cast<float>(a.head_dim));
    bound_context(gguf, weights);
    require_possible(a, gguf.path);
    if (a.position == Position::rope && (a.rope_dim == 0 || a.rope_dim > a.head_dim))
        refuse("E_SHAPE", gguf.path,
               "rotates " + std::to_string(a.rope_dim) + " elements of a head of " + std::to_string(a.head_dim));
    set_decoder_block(weights, family.feed_forward);
}

// ---- tensors

void require_dims(const GgufFile& gguf, const std::string& name, const GgufTensor& tensor, const std::vector<uint64_t>& wanted) {
    if (tensor.dims != wanted) {
        GgufTensor expected;
        expected.dims = wanted;
        refuse(tensor.dims.size() == wanted.size() ? "E_MISMATCH" : "E_SHAPE", gguf.path,
               name + " has the shape " + tensor.dims_text() + "; by the keys it is " + expected.dims_text());
    }
    if (!tensor.type->decode)
        refuse("E_UNSUPPORTED", gguf.path, name + " has the type " + tensor.type->name + "; supported are " + ggml_type_names());
}

// Rows `first` and on of a stored tensor. `stored` stays in the copy of the file's description that the source holds.
HostTensor tensor_of(const GgufFile& gguf, const std::string& name, Shape shape, uint64_t first, uint64_t all, Nonfinite policy) {
    const bool vector = shape.rows == 1;
    const GgufTensor& stored = require(gguf, name);
    const bool one_row = vector && all == shape.cols && stored.dims.size() == 2;  // a matrix, all the same
    require_dims(gguf, name, stored,
                 one_row  ? std::vector<uint64_t>{all, 1}
                 : vector ? std::vector<uint64_t>{all}
                          : std::vector<uint64_t>{shape.cols, all});
    const size_t from = size_t(first) * (vector ? 1 : shape.cols), count = size_t(shape.rows) * shape.cols;
    return {shape.rows, shape.cols, [=, path = gguf.path] {
                std::vector<float> values = stored.floats(name);
                require_finite(values, name, path, policy);
                if (count == values.size()) return values;
                return std::vector<float>(values.begin() + ptrdiff_t(from), values.begin() + ptrdiff_t(from + count));
            }};
}

// Makes the tensors of a model and remembers which of the file's were used.
class Importer {
public:
    Importer(const GgufFile& gguf, Weights& weights, Nonfinite policy) : gguf_(gguf), weights_(weights), policy_(policy) {}

    bool has(const std::string& name) const { return gguf_.tensors.count(name) != 0; }
    void use(const std::string& name) { used_.insert(name); }

    void add(Role role, uint32_t layer) {
        const std::string own = gguf_tensor_name(role, layer), shared = gguf_qkv_name(role, layer);
        const Shape shape = shape_of(weights_.architecture, role);
        if (is_of_qkv(role) && !has(own) && has(shared))
            put(role, layer, shared, shape, first_of(role), first_of(Role::v) + outputs(Role::v));
        else
            put(role, layer, own, shape, 0, shape.rows == 1 ? shape.cols : shape.rows);
    }
    bool has_role(Role role, uint32_t layer) const {
        return has(gguf_tensor_name(role, layer)) || (is_of_qkv(role) && has(gguf_qkv_name(role, layer)));
    }
    // What is in the file and in no model that mote knows would change the results.
    void refuse_unused() const {
        std::string names;
        for (const auto& [name, tensor] : gguf_.tensors)
            if (!used_.count(name) && name.find(".attn_rot_embd") == std::string::npos && names.size() < 200) names += " " + name;
        if (!names.empty())
            refuse("E_UNSUPPORTED", gguf_.path, "has tensors that a model of its architecture does not have here:" + names);
    }

private:
    static bool is_of_qkv(Role role) {
        return role == Role::q || role == Role::k || role == Role::v || role == Role::q_bias || role == Role::k_bias ||
               role == Role::v_bias;
    }
    uint64_t outputs(Role role) const { return shape_of(weights_.architecture, role).rows; }
    uint64_t first_of(Role role) const {
        if (role == Role::q || role == Role::q_bias) return 0;
        return role == Role::k || role == Role::k_bias ? outputs(Role::q) : outputs(Role::q) + outputs(Role::k);
    }
    void put(Role role, uint32_t layer, const std::string& name, Shape shape, uint64_t first, uint64_t all) {
        weights_.tensors[{role, layer}] = tensor_of(gguf_, name, shape, first, all, policy_);
        use(name);
    }

    const GgufFile& gguf_;
    Weights& weights_;
    Nonfinite policy_;
    std::set<std::string> used_;
};

// Files without a head use the embedding; many have the same matrix twice.
void add_head(const GgufFile& gguf, Importer& importer, Weights& weights) {
    const std::string name = gguf_tensor_name(Role::head, 0);
    if (!importer.has(name)) return;
    if (require(gguf, name).same_bytes(require(gguf, gguf_tensor_name(Role::token_embedding, 0)))) {
        importer.use(name);
        weights.notes.push_back(gguf.path + ": " + name + " is the embedding once more, and stored once");
    } else {
        importer.add(Role::head, 0);
    }
}

void add_tensors(const GgufFile& gguf, const Family& family, Importer& importer, Weights& weights) {
    for (const TensorRule& rule : family.tensors) {
        if (rule.exists_if && !importer.has_role(rule.role, 0)) continue;
        const uint32_t layers = rule.role >= Role::attention_norm ? weights.architecture.layers : 1;
        for (uint32_t layer = 0; layer < layers; layer++) importer.add(rule.role, layer);
    }
    add_head(gguf, importer, weights);
}

// ---- rope

std::vector<double> rope_divisors(const GgufFile& gguf, const Keys& keys, Importer& importer, uint32_t pairs) {
    const GgufValue* type = keys.find("rope.scaling.type");
    const std::string rule = type ? type->text() : "linear";
    if (rule != "none" && rule != "linear")
        type->refuse("E_UNSUPPORTED", "rule \"" + rule.substr(0, 40) + "\"; supported are none and linear");
    const double factor = keys.positive_or("rope.scaling.factor", keys.positive_or("rope.scale_linear", 1));
    std::vector<double> divisors(pairs, rule == "none" ? 1 : factor);
    if (!importer.has(gguf_rope_divisors)) return divisors;
    const GgufTensor& tensor = require(gguf, gguf_rope_divisors);
    require_dims(gguf, gguf_rope_divisors, tensor, {pairs});
    importer.use(gguf_rope_divisors);
    const std::vector<float> values = tensor.floats(gguf_rope_divisors);
    for (uint32_t i = 0; i < pairs; i++) {
        if (!(values[i] > 0) || !std::isfinite(values[i]))
            refuse("E_RANGE", gguf.path,
                   std::string(gguf_rope_divisors) + ": element " + std::to_string(i) + " must be more than 0");
        divisors[i] *= double(values[i]);
    }
    return divisors;
}

void read_rope(const GgufFile& gguf, const Keys& keys, Importer& importer, Weights& weights) {
    const Architecture& a = weights.architecture;
    if (a.position != Position::rope) return;
    const double theta = keys.positive_or("rope.freq_base", 10000);
    weights.rope_frequencies = divided_rope_frequencies(a.rope_dim, theta, rope_divisors(gguf, keys, importer, a.rope_dim / 2));
}

}  // namespace

Weights import_gguf(const GgufFile& gguf, Nonfinite policy) {
    const Family& family = family_of(gguf);
    const Keys keys(gguf, family.model_type);
    Weights weights;
    weights.source = gguf.path;
    read_architecture(gguf, family, keys, weights);
    Importer importer(gguf, weights, policy);
    read_rope(gguf, keys, importer, weights);
    add_tensors(gguf, family, importer, weights);
    importer.refuse_unused();
    return weights;
}

bool has_tokenizer(const GgufFile& gguf) { return gguf.find("tokenizer.ggml.tokens") != nullptr; }

}  // namespace mote::tools
