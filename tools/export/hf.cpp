// hf: a family's row of import/families, read backwards.
#include "export/hf.h"

#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "base/error.h"
#include "import/families.h"
#include "import/rope.h"
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

// Tensors that one key of config.json announces are all there or none.
bool announced_together(const Family& family, const Weights& w) {
    for (const TensorRule& one : family.tensors)
        for (const TensorRule& other : family.tensors)
            if (one.exists_if && other.exists_if && std::string(one.exists_if) == other.exists_if &&
                w.tensors.count({one.role, 0}) != w.tensors.count({other.role, 0}))
                return false;
    return true;
}

bool is_of(const Family& family, const Weights& w) {
    const Architecture& a = w.architecture;
    std::set<Role> expected, present;
    for (const TensorRule& rule : family.tensors)
        if (!rule.exists_if || w.tensors.count({rule.role, 0})) expected.insert(rule.role);
    for (const auto& [key, tensor] : w.tensors)
        if (key.first != Role::head) present.insert(key.first);
    return a.norm == family.norm && a.position == family.position && a.block[0][1].work == family.feed_forward && expected == present &&
           announced_together(family, w) && (family.kv_heads || a.kv_heads == a.heads);
}

const Family& family_of(const Weights& w) {
    for (const Family& family : families())
        if (is_of(family, w)) return family;
    refuse("E_UNSUPPORTED", w.source, "no model of Hugging Face transformers that mote knows is of this architecture; known are " + family_names());
}

// ---- config.json

// The base whose powers are the frequencies. Files that were made from a round number give it back.
double theta_of(const Weights& w) {
    const size_t pairs = w.rope_frequencies.size();
    if (pairs < 2) return 10000.0;
    const double second = double(w.rope_frequencies[1]) * (6.283185307179586476925 / 4294967296.0);
    const double theta = std::pow(second, -double(pairs));
    for (const double candidate : {std::round(theta / 1000) * 1000, std::round(theta), theta})
        if (candidate > 0 && rope_frequencies(w.architecture.rope_dim, candidate) == w.rope_frequencies) return candidate;
    refuse("E_UNSUPPORTED", w.source, "the rope frequencies are not the powers of one theta");
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

// Rows (0, 1), (2, 3) ... of each head become (0, half), (1, half + 1) ...
std::vector<float> with_halves(const HostTensor& t, uint32_t head_dim, uint32_t rope_dim) {
    const std::vector<float> values = t.values();
    std::vector<float> out = values;
    const size_t items = t.rows == 1 ? t.cols : t.rows, width = t.rows == 1 ? 1 : t.cols;
    for (size_t row = 0; row < items; row++) {
        const size_t head = row / head_dim * head_dim, i = row % head_dim;
        if (i >= rope_dim) continue;
        const size_t to = head + i / 2 + (i % 2) * (rope_dim / 2);
        std::memcpy(&out[to * width], &values[row * width], width * sizeof(float));
    }
    return out;
}

bool is_turned(Role role) {
    return role == Role::q || role == Role::k || role == Role::q_bias || role == Role::k_bias || role == Role::q_norm || role == Role::k_norm;
}

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
            const bool move = a.rope_dim && a.rope_pairing == RopePairing::interleaved && is_turned(rule.role);
            const HostTensor t = found == w.tensors.end() ? zeros(shape_of(a, rule.role)) : found->second;
            put(rule, part_of(family, rule, a), t, move ? with_halves(t, a.head_dim, a.rope_dim) : t.values(), stored[full_name(family, rule.name, layer)]);
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
    for (const auto& [name, t] : tensors) file.append(reinterpret_cast<const char*>(t.values.data()), t.values.size() * sizeof(float));
    return file;
}

}  // namespace

HfFiles export_hf(const Weights& weights) {
    const Family& family = family_of(weights);
    return {config_of(family, weights).dump(2) + "\n", safetensors_of(tensors_of(family, weights))};
}

std::string model_type(const Weights& weights) { return family_of(weights).model_type; }

}  // namespace mote::tools
