// gguf: a family's roles under GGUF's names, the sizes under its keys.
#include "export/gguf.h"

#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "export/family_of.h"
#include "export/gguf_tokenizer.h"
#include "export/rope_rows.h"
#include "gguf/gguf_names.h"
#include "gguf/gguf_writer.h"
#include "import/families.h"
#include "import/rope.h"
#include "import/shape.h"

namespace mote::tools {
namespace {

// ---- keys

const Family& checked_family(const Weights& w) {
    const Family* family = family_of(w);
    if (!family) refuse("E_UNSUPPORTED", w.source, "llama.cpp has no model of this architecture; mote writes " + family_names());
    if (w.architecture.activation != *find_activation(family->default_activation))
        refuse("E_UNSUPPORTED", w.source,
               std::string("llama.cpp computes a ") + family->model_type + " with the activation " + family->default_activation +
                   ", this model has another");
    return *family;
}

std::string name_of(const std::string& source) {
    const std::filesystem::path path = std::filesystem::path(source).lexically_normal();
    return (path.has_filename() ? path : path.parent_path()).stem().string();
}

void write_sizes(const Family& family, const Weights& w, GgufWriter& gguf) {
    const Architecture& a = w.architecture;
    const std::string prefix = std::string(family.model_type) + ".";
    for (const GgufSize& size : gguf_sizes) gguf.u32(prefix + size.key, a.*size.size);
    gguf.u32(prefix + "vocab_size", a.vocab);
    gguf.f32(prefix + gguf_norm_key(a.norm), a.norm_eps);
    if (a.position != Position::rope) return;
    gguf.u32(prefix + "attention.head_count_kv", a.kv_heads);
    gguf.u32(prefix + "rope.dimension_count", a.rope_dim);
    if (a.head_dim * a.heads == a.dim) return;
    gguf.u32(prefix + "attention.key_length", a.head_dim);
    gguf.u32(prefix + "attention.value_length", a.head_dim);
}

// ---- rope

// Frequencies that are no powers of one number become those of the nearest, with a divisor for each pair.
void write_rope(const Family& family, const Weights& w, GgufWriter& gguf) {
    const Architecture& a = w.architecture;
    if (a.position != Position::rope) return;
    const RopeBase base = rope_base(w.rope_frequencies, a.rope_dim);
    gguf.f32(std::string(family.model_type) + ".rope.freq_base", static_cast<float>(base.theta));
    if (base.divisors.empty()) return;
    if (family.gguf_rope_pairing != RopePairing::interleaved)
        refuse("E_UNSUPPORTED", w.source,
               std::string("llama.cpp knows a ") + family.model_type + " only with the powers of one theta for its rope");
    gguf.tensor(gguf_rope_divisors, {base.divisors.size()}, *find_written_type("F32"),
                [divisors = base.divisors] { return divisors; });
}

// ---- tensors

class TensorWriter {
public:
    TensorWriter(const Family& family, const Weights& w, const GgmlType& type, GgufWriter& gguf)
        : family_(family), w_(w), type_(type), gguf_(gguf) {}

    void add(Role role, uint32_t layer) {
        const Shape shape = shape_of(w_.architecture, role);
        put(gguf_tensor_name(role, layer), shape, {values_of(role, layer)});
    }
    // q, k and v, or their biases, one behind the other.
    void add_qkv(Role q, Role k, Role v, uint32_t layer) {
        Shape shape = shape_of(w_.architecture, q);
        (shape.rows == 1 ? shape.cols : shape.rows) *= 3;
        put(gguf_qkv_name(q, layer), shape, {values_of(q, layer), values_of(k, layer), values_of(v, layer)});
    }
    // The head where it is the embedding, too: some readers need it.
    void add_head() {
        const Role role = w_.tensors.count({Role::head, 0}) ? Role::head : Role::token_embedding;
        put(gguf_tensor_name(Role::head, 0), shape_of(w_.architecture, role), {values_of(role, 0)});
    }

private:
    using Source = std::function<std::vector<float>()>;

    // Zeros stand for biases that the model does without and every other reader of the family expects.
    Source values_of(Role role, uint32_t layer) const {
        const auto found = w_.tensors.find({role, layer});
        if (found == w_.tensors.end()) {
            const Shape shape = shape_of(w_.architecture, role);
            return [shape] { return std::vector<float>(size_t(shape.rows) * shape.cols); };
        }
        return [a = w_.architecture, role, tensor = found->second, pairing = family_.gguf_rope_pairing] {
            return paired_values(a, role, tensor, pairing);
        };
    }
    void put(const std::string& name, Shape shape, const std::vector<Source>& parts) {
        const bool vector = shape.rows == 1;
        const GgmlType& wanted = vector ? *find_written_type("F32") : type_;
        const GgmlType& type = shape.cols % wanted.elements == 0 ? wanted : *find_written_type("F16");
        const std::vector<uint64_t> dims =
            vector ? std::vector<uint64_t>{shape.cols} : std::vector<uint64_t>{shape.cols, shape.rows};
        gguf_.tensor(name, dims, type, [parts] {
            std::vector<float> all;
            for (const Source& part : parts) {
                const std::vector<float> values = part();
                all.insert(all.end(), values.begin(), values.end());
            }
            return all;
        });
    }

    const Family& family_;
    const Weights& w_;
    const GgmlType& type_;
    GgufWriter& gguf_;
};

// Roles whose tensors share one name in the family's own files share one in GGUF.
bool has_fused_qkv(const Family& family) {
    const char *q = "", *k = "";
    for (const TensorRule& rule : family.tensors) {
        if (rule.role == Role::q) q = rule.name;
        if (rule.role == Role::k) k = rule.name;
    }
    return std::strcmp(q, k) == 0;
}

void write_tensors(const Family& family, const Weights& w, const GgmlType& type, GgufWriter& gguf) {
    const bool fused = has_fused_qkv(family), whole = family.position == Position::learned;
    TensorWriter tensors(family, w, type, gguf);
    if (whole || w.tensors.count({Role::head, 0})) tensors.add_head();
    for (const TensorRule& rule : family.tensors) {
        if (rule.exists_if && !whole && !w.tensors.count({rule.role, 0})) continue;
        const bool k_or_v = rule.role == Role::k || rule.role == Role::v || rule.role == Role::k_bias || rule.role == Role::v_bias;
        if (fused && k_or_v) continue;
        for (uint32_t layer = 0; layer < (rule.role >= Role::attention_norm ? w.architecture.layers : 1); layer++) {
            if (fused && rule.role == Role::q)
                tensors.add_qkv(Role::q, Role::k, Role::v, layer);
            else if (fused && rule.role == Role::q_bias)
                tensors.add_qkv(Role::q_bias, Role::k_bias, Role::v_bias, layer);
            else
                tensors.add(rule.role, layer);
        }
    }
}

// general.file_type, by which programs say what a file is made of.
uint32_t file_type(const GgmlType& type) {
    return std::strcmp(type.name, "F32") == 0 ? 0 : std::strcmp(type.name, "F16") == 0 ? 1 : 7;
}

}  // namespace

uint64_t export_gguf(const std::string& path, const Weights& weights, const GgmlType& type, std::vector<std::string>& notes) {
    const Family& family = checked_family(weights);
    GgufWriter gguf;
    gguf.text("general.architecture", family.model_type);
    gguf.text("general.name", name_of(weights.source));
    gguf.u32("general.file_type", file_type(type));
    gguf.u32("general.quantization_version", 2);
    write_sizes(family, weights, gguf);
    if (weights.tokenizer)
        write_tokenizer(*weights.tokenizer, weights.architecture.vocab, weights.source, gguf, notes);
    else
        gguf.text("tokenizer.ggml.model", "none");
    write_rope(family, weights, gguf);
    write_tensors(family, weights, type, gguf);
    return gguf.write(path);
}

}  // namespace mote::tools
