// hf: a family's row of import/families, read backwards.
#include "export/hf.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "export/family_of.h"
#include "export/rope_rows.h"
#include "export/rope_scaling.h"
#include "import/families.h"
#include "import/shape.h"

namespace mote::tools {
namespace {

// ---- which family

const Family& checked_family(const Weights& w) {
    if (const Family* family = family_of(w)) return *family;
    refuse("E_UNSUPPORTED", w.source,
           "no model of Hugging Face transformers that mote knows is of this architecture; known are " + family_names());
}

// ---- config.json

void put_rope(const Weights& w, Json& config) {
    const std::optional<RopeRule> rule = rope_rule(w.rope_frequencies, w.architecture.rope_dim);
    if (!rule) refuse("E_UNSUPPORTED", w.source, "the rope frequencies are not the powers of one theta, nor stretched by the rule linear or llama3");
    config["rope_theta"] = rule->theta;
    if (!rule->scaling.is_null()) config["rope_scaling"] = rule->scaling;
}

// The shortest decimal of a float, so that 1e-05 is not 9.999999747378752e-06.
double plain_decimal(float value) {
    char text[32];
    for (int digits = 1; digits <= 9; digits++) {
        std::snprintf(text, sizeof text, "%.*g", digits, double(value));
        if (std::strtof(text, nullptr) == value) break;
    }
    return std::strtod(text, nullptr);
}

std::string activation_of(const Architecture& a) {
    for (const char* name : {"silu", "gelu_new", "gelu", "relu"})
        if (*find_activation(name) == a.activation) return name;
    return "";
}

// Whether the model has one of the tensors that a key announces. Where some are there and others are not, the others are written as
// zeros.
bool has_any(const Family& family, const std::string& key, const Weights& w) {
    for (const TensorRule& rule : family.tensors)
        if (rule.exists_if && rule.exists_if == key && w.tensors.count({rule.role, 0})) return true;
    return false;
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
    if (a.position == Position::rope) put_rope(w, config);
    for (const TensorRule& rule : family.tensors)
        if (rule.exists_if && has_any(family, rule.exists_if, w) != family.optional_by_default)
            config[rule.exists_if] = !family.optional_by_default;
    if (w.tokenizer && w.tokenizer->bos != no_token) config["bos_token_id"] = w.tokenizer->bos;
    if (w.tokenizer && w.tokenizer->eos != no_token) config["eos_token_id"] = w.tokenizer->eos;
    return config;
}

// ---- tensors

// Where bytes go, in their order.
using Sink = std::function<void(const void* data, size_t bytes)>;

// One tensor of the file: the rules whose parts follow each other in it, in one layer.
struct FileTensor {
    uint32_t layer = 0;
    std::vector<const TensorRule*> rules;
    Shape shape;  // as the file has it
};
using FileTensors = std::map<std::string, FileTensor>;  // in the order of the file

std::string full_name(const Family& family, std::string name, uint32_t layer) {
    const size_t at = name.find('#');
    if (at != std::string::npos) name.replace(at, 1, std::to_string(layer));
    return family.prefix + name;
}

// Rules of tensors that the model does without are left out, unless every reader of the family but ours expects zeros there.
FileTensors tensors_of(const Family& family, const Weights& w) {
    const Architecture& a = w.architecture;
    FileTensors stored;
    for (const TensorRule& rule : family.tensors)
        for (uint32_t layer = 0; layer < (rule.role >= Role::attention_norm ? a.layers : 1); layer++) {
            if (!w.tensors.count({rule.role, layer}) && !family.optional_by_default) continue;
            FileTensor& tensor = stored[full_name(family, rule.name, layer)];
            const Shape shape = shape_of(a, rule.role);
            const uint32_t all = uint32_t(part_of(family, rule, a).all);
            tensor.layer = layer;
            tensor.rules.push_back(&rule);
            tensor.shape = shape.rows == 1                   ? Shape{1, all}
                           : rule.storage == Storage::in_out ? Shape{shape.cols, all}
                                                             : Shape{all, shape.cols};
        }
    if (w.tensors.count({Role::head, 0})) stored[family.head].shape = shape_of(a, Role::head);
    return stored;
}

// Puts a role's values into their part of a stored tensor, turned as the file has it.
void put(const TensorRule& rule, Part part, Shape shape, const std::vector<float>& values, std::vector<float>& stored) {
    const bool vector = shape.rows == 1, turned = rule.storage == Storage::in_out;
    const size_t out = vector ? shape.cols : shape.rows, in = vector ? 1 : shape.cols, all_out = size_t(part.all);
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++) {
            const size_t row = size_t(part.first) + o;
            stored[turned ? i * all_out + row : row * in + i] = values[o * in + i];
        }
}

std::vector<float> values_of(const Family& family, const FileTensor& tensor, const Weights& w) {
    if (tensor.rules.empty()) return w.tensors.at({Role::head, 0}).values();
    std::vector<float> stored(size_t(tensor.shape.rows) * tensor.shape.cols);
    for (const TensorRule* rule : tensor.rules) {
        const auto found = w.tensors.find({rule->role, tensor.layer});
        if (found == w.tensors.end()) continue;  // zeros
        const std::vector<float> values = paired_values(w.architecture, rule->role, found->second, RopePairing::halves);
        put(*rule, part_of(family, *rule, w.architecture), shape_of(w.architecture, rule->role), values, stored);
    }
    return stored;
}

// The length of the header, and the header padded with spaces to a multiple of 8.
std::string header_of(const FileTensors& tensors) {
    Json header = {{"__metadata__", {{"format", "pt"}}}};
    uint64_t end = 0;
    for (const auto& [name, t] : tensors) {
        const uint64_t begin = end;
        end += uint64_t(t.shape.rows) * t.shape.cols * sizeof(float);
        header[name] = {{"dtype", "F32"}, {"data_offsets", {begin, end}}};
        header[name]["shape"] = t.shape.rows == 1 ? Json{t.shape.cols} : Json{t.shape.rows, t.shape.cols};
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const uint64_t length = text.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text;
}

void write_safetensors(const Family& family, const Weights& w, const Sink& sink) {
    const FileTensors tensors = tensors_of(family, w);
    const std::string header = header_of(tensors);
    sink(header.data(), header.size());
    for (const auto& [name, tensor] : tensors) {
        const std::vector<float> values = values_of(family, tensor, w);
        sink(values.data(), values.size() * sizeof(float));
    }
}

}  // namespace

HfFiles export_hf(const Weights& weights) {
    const Family& family = checked_family(weights);
    HfFiles files = {config_of(family, weights).dump(2) + "\n", ""};
    files.safetensors.reserve(parameters(weights) * sizeof(float));
    write_safetensors(family, weights,
                      [&](const void* data, size_t bytes) { files.safetensors.append(static_cast<const char*>(data), bytes); });
    return files;
}

void export_hf(const Weights& weights, const std::string& folder) {
    const Family& family = checked_family(weights);
    write_whole(folder + "/config.json", config_of(family, weights).dump(2) + "\n");
    OutputFile file(folder + "/model.safetensors");
    uint64_t end = 0;
    const uint64_t total = parameters(weights) * sizeof(float);  // and a header of some hundred bytes a tensor
    Progress progress("write", "bytes", total);
    write_safetensors(family, weights, [&](const void* data, size_t bytes) {
        file.write_at(end, data, bytes);
        end += bytes;
        progress.at(std::min(end, total));
    });
    file.commit();
}

std::string model_type(const Weights& weights) { return checked_family(weights).model_type; }

}  // namespace mote::tools
