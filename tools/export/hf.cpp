// hf: a family's row of import/families, read backwards.
#include "export/hf.h"

#include <cstring>
#include <map>

#include "base/error.h"
#include "export/family_of.h"
#include "export/rope_rows.h"
#include "import/families.h"
#include "import/shape.h"

namespace mote::tools {
namespace {

// A tensor in the file's orientation.
struct StoredValues {
    uint32_t rows = 0, cols = 0;
    std::vector<float> values;
};
using TensorsByName = std::map<std::string, StoredValues>;

// ---- which family

const Family& checked_family(const Weights& w) {
    if (const Family* family = family_of(w)) return *family;
    refuse("E_UNSUPPORTED", w.source,
           "no model of Hugging Face transformers that mote knows is of this architecture; known are " + family_names());
}

// ---- config.json

double theta_of(const Weights& w) {
    const RopeBase base = rope_base(w.rope_frequencies, w.architecture.rope_dim);
    if (!base.divisors.empty()) refuse("E_UNSUPPORTED", w.source, "the rope frequencies are not the powers of one theta");
    return base.theta;
}

// The shortest decimal of a float, so that 1e-05 is not 9.999999747378752e-06.
double plain_decimal(float value) { return std::stod(Json(value).dump()); }

std::string activation_of(const Architecture& a) {
    for (const char* name : {"silu", "gelu_new", "gelu", "relu"})
        if (*find_activation(name) == a.activation) return name;
    return "";
}

Json config_of(const Family& family, const Weights& w) {
    const Architecture& a = w.architecture;
    Json config = {{"architectures", {family.class_name}},
                   {"model_type", family.model_type},
                   {"torch_dtype", "float32"},
                   {"tie_word_embeddings", w.tensors.count({Role::head, 0}) == 0}};
    for (const SizeKey& size : family.sizes) config[size.key] = a.*size.size;
    if (family.kv_heads) config[family.kv_heads] = a.kv_heads;
    if (family.head_dim) config[family.head_dim] = a.head_dim;
    config[family.hidden] = a.hidden;
    config[family.norm_eps] = plain_decimal(a.norm_eps);
    config[family.activation] = activation_of(a);
    if (a.position == Position::rope) config["rope_theta"] = theta_of(w);
    for (const TensorRule& rule : family.tensors)
        if (rule.exists_if && (w.tensors.count({rule.role, 0}) != 0) != family.optional_by_default)
            config[rule.exists_if] = !family.optional_by_default;
    if (w.tokenizer && w.tokenizer->bos != no_token) config["bos_token_id"] = w.tokenizer->bos;
    if (w.tokenizer && w.tokenizer->eos != no_token) config["eos_token_id"] = w.tokenizer->eos;
    return config;
}

// ---- tensors

std::string full_name(const Family& family, std::string name, uint32_t layer) {
    const size_t at = name.find('#');
    if (at != std::string::npos) name.replace(at, 1, std::to_string(layer));
    return family.prefix + name;
}

// Puts a role's tensor into its part of a stored one, turned as the file has it.
void put(const TensorRule& rule, Part part, const HostTensor& t, const std::vector<float>& values, StoredValues& stored) {
    const bool vector = t.rows == 1, turned = rule.storage == Storage::in_out;
    const size_t out = vector ? t.cols : t.rows, in = vector ? 1 : t.cols, all_out = size_t(part.all);
    stored.rows = vector ? 1 : uint32_t(turned ? in : all_out);
    stored.cols = uint32_t(vector || turned ? all_out : in);
    stored.values.resize(all_out * in);
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++) {
            const size_t row = size_t(part.first) + o;
            stored.values[turned ? i * all_out + row : row * in + i] = values[o * in + i];
        }
}

// Stands for a tensor that the model does without and every reader of the family but ours expects.
HostTensor zeros(Shape s) { return {s.rows, s.cols, std::vector<float>(size_t(s.rows) * s.cols)}; }

TensorsByName tensors_of(const Family& family, const Weights& w) {
    const Architecture& a = w.architecture;
    TensorsByName stored;
    for (const TensorRule& rule : family.tensors)
        for (uint32_t layer = 0; layer < (rule.role >= Role::attention_norm ? a.layers : 1); layer++) {
            const auto found = w.tensors.find({rule.role, layer});
            if (found == w.tensors.end() && !family.optional_by_default) continue;
            const HostTensor t = found == w.tensors.end() ? zeros(shape_of(a, rule.role)) : found->second;
            put(rule, part_of(family, rule, a), t, paired_values(a, rule.role, t, RopePairing::halves),
                stored[full_name(family, rule.name, layer)]);
        }
    const auto head = w.tensors.find({Role::head, 0});
    if (head != w.tensors.end()) stored[family.head] = {head->second.rows, head->second.cols, head->second.values()};
    return stored;
}

// Header length, header padded with spaces to a multiple of 8, data in order of name.
std::string safetensors_of(const TensorsByName& tensors) {
    Json header = {{"__metadata__", {{"format", "pt"}}}};
    uint64_t end = 0;
    for (const auto& [name, t] : tensors) {
        const uint64_t begin = end;
        end += t.values.size() * sizeof(float);
        header[name] = {{"dtype", "F32"}, {"data_offsets", {begin, end}}};
        header[name]["shape"] = t.rows == 1 ? Json{t.cols} : Json{t.rows, t.cols};
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const uint64_t length = text.size();
    std::string file(reinterpret_cast<const char*>(&length), sizeof length);
    file.reserve(sizeof length + text.size() + end);
    file += text;
    for (const auto& [name, t] : tensors)
        file.append(reinterpret_cast<const char*>(t.values.data()), t.values.size() * sizeof(float));
    return file;
}

}  // namespace

HfFiles export_hf(const Weights& weights) {
    const Family& family = checked_family(weights);
    return {config_of(family, weights).dump(2) + "\n", safetensors_of(tensors_of(family, weights))};
}

std::string model_type(const Weights& weights) { return checked_family(weights).model_type; }

}  // namespace mote::tools
