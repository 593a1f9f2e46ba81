// hf: config.json makes the architecture, a family's rules find the tensors.
#include "import/hf.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "import/families.h"
#include "import/rope.h"
#include "import/safetensors.h"

namespace mote::tools {
namespace {

constexpr uint64_t max_config_bytes = 1 << 20;

// ---- config.json

const Family& family_of(const JsonView& config) {
    const std::string& type = config.at("model_type").text();
    const Family* family = find_family(type);
    if (!family)
        config.at("model_type").refuse("E_UNSUPPORTED", "\"" + type + "\" is not supported; supported are " + family_names());
    return *family;
}

void check_demands(const Family& family, const JsonView& config) {
    for (const Demand& demand : family.demands) {
        const std::optional<JsonView> found = config.find(demand.key);
        if (!found) continue;
        const Json allowed = Json::parse(demand.allowed);
        const Json values = found->value().is_array() ? found->value() : Json::array({found->value()});
        for (const Json& value : values)
            if (value != allowed)
                found->refuse("E_UNSUPPORTED",
                              "only " + std::string(demand.allowed) + " is supported, found " + value.dump().substr(0, 40));
    }
}

uint32_t size_at(const JsonView& view) { return static_cast<uint32_t>(view.integer(std::numeric_limits<uint32_t>::max())); }

uint32_t size_or(const JsonView& config, const char* key, uint32_t otherwise) {
    const std::optional<JsonView> found = key ? config.find(key) : std::nullopt;
    return found ? size_at(*found) : otherwise;
}

bool flag_or(const JsonView& config, const char* key, bool otherwise) {
    const std::optional<JsonView> found = config.find(key);
    return found ? found->boolean() : otherwise;
}

void read_sizes(const Family& family, const JsonView& config, Architecture& a) {
    for (const SizeKey& size : family.sizes) a.*size.size = size_at(config.at(size.key));
    a.kv_heads = size_or(config, family.kv_heads, a.heads);
    a.hidden = family.default_hidden ? size_or(config, family.hidden, 0) : size_at(config.at(family.hidden));
    if (a.hidden == 0 && family.default_hidden && a.dim <= max_dim) a.hidden = a.dim * family.default_hidden;
    a.head_dim = size_or(config, family.head_dim, family.default_head_dim);
    if (a.head_dim != 0) return;
    if (a.heads == 0 || a.dim % a.heads != 0)
        config.refuse("E_SHAPE", std::to_string(a.dim) + " columns do not split into " + std::to_string(a.heads) + " heads");
    a.head_dim = a.dim / a.heads;
}

Activation read_activation(const Family& family, const JsonView& config) {
    const std::optional<JsonView> found = config.find(family.activation);
    const std::string name = found ? found->text() : family.default_activation;
    const Activation* activation = find_activation(name);
    if (!activation) found->refuse("E_UNSUPPORTED", "\"" + name + "\" is not supported; supported are " + activation_names());
    return *activation;
}

// Rope goes on without end, so a model may be used in part; core counts positions with 16 bits.
void bound_context(Weights& weights, const JsonView& config) {
    Architecture& a = weights.architecture;
    if (a.position != Position::rope || a.context <= max_context) return;
    weights.notes.push_back(config.file() + ": the context of " + std::to_string(a.context) + " tokens is cut to " +
                            std::to_string(max_context));
    a.context = max_context;
}

void read_architecture(const Family& family, const JsonView& config, Weights& weights) {
    Architecture& a = weights.architecture;
    read_sizes(family, config, a);
    a.norm = family.norm;
    const std::optional<JsonView> eps = config.find(family.norm_eps);
    a.norm_eps = static_cast<float>(eps ? eps->number() : family.default_norm_eps);
    a.activation = read_activation(family, config);
    a.position = family.position;
    a.rope_pairing = family.rope_pairing;
    a.rope_dim = a.position == Position::rope ? a.head_dim : 0;
    a.attention_scale = 1.0f / std::sqrt(static_cast<float>(a.head_dim));
    bound_context(weights, config);
    require_possible(a, config.file());
    set_decoder_block(weights, family.feed_forward);
}

// Newer files put theta and the scaling rule into one object.
void read_rope(const JsonView& config, Weights& weights) {
    if (weights.architecture.position != Position::rope) return;
    const std::optional<JsonView> both = config.find("rope_parameters");
    const std::optional<JsonView> scaling = both ? both : config.find("rope_scaling");
    const std::optional<JsonView> theta = both && both->find("rope_theta") ? both->find("rope_theta") : config.find("rope_theta");
    const double value = theta ? theta->number() : 10000.0;
    if (!(value > 0)) theta->refuse("E_RANGE", "must be more than 0");
    weights.rope_frequencies = rope_frequencies(weights.architecture.rope_dim, value, scaling);
}

// ---- model.safetensors

std::string with_layer(std::string name, uint32_t layer) {
    const size_t at = name.find('#');
    return at == std::string::npos ? name : name.replace(at, 1, std::to_string(layer));
}

// Finds tensors by name, with and without the prefix, and remembers which were used.
class Checkpoint {
public:
    Checkpoint(const std::string& path, const char* prefix) : file_(std::make_shared<const SafetensorsFile>(path)), prefix_(prefix) {}

    const std::shared_ptr<const SafetensorsFile>& shared() const { return file_; }
    const SafetensorsFile& file() const { return *file_; }
    using Entry = const std::pair<const std::string, StoredTensor>;

    Entry* find(const std::string& name) {
        for (const std::string& full : {prefix_ + name, name}) {
            const auto found = file_->tensors().find(full);
            if (found == file_->tensors().end()) continue;
            used_.insert(full);
            return &*found;
        }
        return nullptr;
    }
    Entry& require(const std::string& name) {
        Entry* found = find(name);
        if (!found) refuse("E_MISSING", file_->path(), "has no tensor " + prefix_ + name);
        return *found;
    }
    std::vector<std::string> unused(const std::vector<const char*>& buffers) const {
        std::vector<std::string> names;
        for (const auto& [name, tensor] : file_->tensors())
            if (!used_.count(name) && !is_buffer(name, buffers)) names.push_back(name);
        return names;
    }

private:
    static bool is_buffer(const std::string& name, const std::vector<const char*>& buffers) {
        for (const std::string ending : buffers)
            if (name.size() >= ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0) return true;
        return false;
    }

    std::shared_ptr<const SafetensorsFile> file_;
    std::string prefix_;
    std::set<std::string> used_;
};

void require_shape(const SafetensorsFile& file, const std::string& name, const StoredTensor& tensor,
                   const std::vector<uint64_t>& wanted) {
    if (tensor.shape == wanted) return;
    StoredTensor expected;
    expected.shape = wanted;
    refuse(tensor.shape.size() == wanted.size() ? "E_MISMATCH" : "E_SHAPE", file.path(),
           name + " has the shape " + tensor.shape_text() + "; by config.json it is " + expected.shape_text());
}

// A role's part of a stored tensor, turned to (out, in).
std::vector<float> part_of(const std::vector<float>& stored, const TensorRule& rule, size_t out, size_t in) {
    std::vector<float> values(out * in);
    const size_t all_out = out * rule.parts;
    const bool turned = rule.storage == Storage::in_out;
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++) {
            const size_t row = rule.part * out + o;
            values[o * in + i] = stored[turned ? i * all_out + row : row * in + i];
        }
    return values;
}

HostTensor tensor_of(const Checkpoint& checkpoint, Checkpoint::Entry& entry, const TensorRule& rule, Shape shape, Nonfinite policy) {
    const bool vector = shape.rows == 1;
    const size_t out = vector ? shape.cols : shape.rows, in = vector ? 1 : shape.cols;
    const uint64_t all_out = uint64_t(out) * rule.parts;
    require_shape(checkpoint.file(), entry.first, entry.second,
                  vector                            ? std::vector<uint64_t>{all_out}
                  : rule.storage == Storage::in_out ? std::vector<uint64_t>{in, all_out}
                                                    : std::vector<uint64_t>{all_out, in});
    return {shape.rows, shape.cols, [=, file = checkpoint.shared(), stored = &entry] {
                const auto& [name, tensor] = *stored;
                std::vector<float> values = file->floats(name, tensor);
                require_finite(values, name, file->path(), policy);
                return rule.storage == Storage::out_in && rule.parts == 1 ? values : part_of(values, rule, out, in);
            }};
}

// Tensors that a model does without may be in the file, for readers that know no such models.
void require_zeros(Checkpoint& checkpoint, const std::string& name, const char* key, Nonfinite policy) {
    Checkpoint::Entry* entry = checkpoint.find(name);
    if (!entry) return;
    std::vector<float> values = checkpoint.file().floats(entry->first, entry->second);
    require_finite(values, name, checkpoint.file().path(), policy);
    for (const float value : values)
        if (value != 0) refuse("E_MISMATCH", checkpoint.file().path(), name + " is not zeros; by config.json " + key + " is false");
}

// A tied model may store its one matrix under either name.
void load_head(const Family& family, const JsonView& config, Checkpoint& checkpoint, Weights& weights, Nonfinite policy) {
    const Architecture& a = weights.architecture;
    const TensorRule& embedding = family.tensors.front();
    const bool tied = flag_or(config, "tie_word_embeddings", family.tied_by_default);
    Checkpoint::Entry* tokens = checkpoint.find(embedding.name);
    Checkpoint::Entry* head = tied && !tokens ? &checkpoint.require(head_name) : checkpoint.find(head_name);
    if (!tied) {
        weights.tensors[{Role::token_embedding, 0}] =
            tensor_of(checkpoint, checkpoint.require(embedding.name), embedding, shape_of(a, Role::token_embedding), policy);
        weights.tensors[{Role::head, 0}] =
            tensor_of(checkpoint, checkpoint.require(head_name), {Role::head, head_name}, shape_of(a, Role::head), policy);
        return;
    }
    if (tokens && head && !checkpoint.file().same_bytes(tokens->second, head->second))
        weights.notes.push_back(checkpoint.file().path() + ": " + head_name +
                                " is not used, as config.json ties it to the embedding");
    weights.tensors[{Role::token_embedding, 0}] =
        tensor_of(checkpoint, tokens ? *tokens : *head, embedding, shape_of(a, Role::token_embedding), policy);
}

void note_unused(const Family& family, const Checkpoint& checkpoint, Weights& weights) {
    const std::vector<std::string> names = checkpoint.unused(family.buffers);
    if (names.empty()) return;
    constexpr size_t shown = 8;
    std::string note = checkpoint.file().path() + ": " + std::to_string(names.size()) + " tensors are not used:";
    for (size_t i = 0; i < names.size() && i < shown; i++) note += " " + names[i];
    weights.notes.push_back(note + (names.size() > shown ? " ..." : ""));
}

std::string weights_file(const std::string& folder) {
    const std::string single = folder + "/model.safetensors";
    if (exists(single)) return single;
    for (const char* other : {"model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"})
        if (exists(folder + "/" + other))
            refuse("E_UNSUPPORTED", folder + "/" + other,
                   "weights in several files or as a pickle are not supported; save the model as "
                   "one model.safetensors");
    refuse("E_MISSING", folder, "has no model.safetensors");
}

}  // namespace

Weights import_hf(const std::string& folder, Nonfinite policy) {
    const std::string config_file = folder + "/config.json";
    if (!exists(config_file)) refuse("E_MISSING", folder, "has no config.json");
    const Json json = read_json(config_file, max_config_bytes);
    const JsonView config(json, config_file);
    const Family& family = family_of(config);
    check_demands(family, config);

    Weights weights;
    weights.source = folder;
    read_architecture(family, config, weights);
    read_rope(config, weights);

    Checkpoint checkpoint(weights_file(folder), family.prefix);
    load_head(family, config, checkpoint, weights, policy);
    for (const TensorRule& rule : family.tensors) {
        if (rule.role == Role::token_embedding) continue;
        const bool exists = !rule.exists_if || flag_or(config, rule.exists_if, family.optional_by_default);
        const uint32_t layers = rule.role >= Role::attention_norm ? weights.architecture.layers : 1;
        for (uint32_t layer = 0; layer < layers; layer++) {
            const std::string name = with_layer(rule.name, layer);
            if (exists)
                weights.tensors[{rule.role, layer}] =
                    tensor_of(checkpoint, checkpoint.require(name), rule, shape_of(weights.architecture, rule.role), policy);
            else if (family.optional_by_default)
                require_zeros(checkpoint, name, rule.exists_if, policy);
        }
    }
    note_unused(family, checkpoint, weights);
    return weights;
}

}  // namespace mote::tools
