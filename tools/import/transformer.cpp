// transformer: the configuration makes the architecture, a dialect's rules find the tensors.
#include "import/transformer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"
#include "import/rope.h"

namespace mote::tools {
namespace {

// ---- the architecture

void check_demands(const Family& family, const JsonView& config) {
    for (const Demand& demand : family.demands) {
        const std::optional<JsonView> found = config.find(demand.key);
        if (!found) continue;
        const Json parsed = Json::parse(demand.allowed), allowed = parsed.is_array() ? parsed : Json::array({parsed});
        const Json values = found->value().is_array() ? found->value() : Json::array({found->value()});
        for (const Json& value : values)
            if (std::find(allowed.begin(), allowed.end(), value) == allowed.end())
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
    const std::string name = found ? found->text() : family.default_activation;  // which is supported
    const Activation* activation = find_activation(name);
    if (!activation) found->refuse("E_UNSUPPORTED", "\"" + name + "\" is not supported; supported are " + activation_names());
    return *activation;
}

void cut_context(Weights& weights, uint32_t to, const std::string& why) {
    Architecture& a = weights.architecture;
    if (a.context <= to) return;
    weights.notes.push_back(why + ": the context of " + std::to_string(a.context) + " tokens is cut to " + std::to_string(to));
    a.context = to;
}

bool looks_back_a_window(const Family& family, const JsonView& config) {
    const std::optional<JsonView> types = config.find("layer_types");
    if (types && std::find(types->array().begin(), types->array().end(), Json("sliding_attention")) != types->array().end())
        return true;
    return family.window_if ? flag_or(config, family.window_if, false) : config.find("sliding_window").has_value();
}

// Rope goes on without end, so a model may be used in part; core counts positions with 16 bits. A window over the last tokens is no
// other than full attention as long as it holds all of them.
void bound_context(const Family& family, const JsonView& config, Weights& weights) {
    if (weights.architecture.position != Position::rope) return;
    cut_context(weights, max_context, config.file());
    if (family.has_window && looks_back_a_window(family, config))
        cut_context(weights, size_at(config.at("sliding_window")), config.file() + ": sliding_window");
}

void read_architecture(const Family& family, const Dialect& dialect, const JsonView& config, Weights& weights) {
    Architecture& a = weights.architecture;
    read_sizes(family, config, a);
    a.norm = family.norm;
    const std::optional<JsonView> eps = config.find(family.norm_eps);
    a.norm_eps = static_cast<float>(eps ? eps->number() : dialect.default_norm_eps);
    a.activation = read_activation(family, config);
    a.position = family.position;
    a.rope_pairing = dialect.rope_pairing;
    a.rope_dim = a.position == Position::rope ? a.head_dim : 0;
    a.attention_scale = 1.0f / std::sqrt(static_cast<float>(a.head_dim));
    bound_context(family, config, weights);
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

// ---- the tensors

using Entry = StoredTensors::value_type;

// A checkpoint's tensors by a dialect's names; remembers which were used.
class NamedTensors {
public:
    NamedTensors(const Checkpoint& checkpoint, const Dialect& dialect) : checkpoint_(checkpoint), dialect_(dialect) {}

    const Entry* find(const std::string& name) {
        const Entry* found = find_tensor(checkpoint_.tensors, dialect_, name);
        if (found) used_.insert(found->first);
        return found;
    }
    const Entry& require(const std::string& name) {
        const Entry* found = find(name);
        if (!found) refuse("E_MISSING", checkpoint_.path, std::string("has no tensor ") + dialect_.prefix + name);
        return *found;
    }
    // A weight that is what is stored times its scale is read by neither alone.
    void require_no_scales() const {
        for (const auto& [name, tensor] : checkpoint_.tensors) {
            const size_t end = name.rfind("_scale");
            if (end != std::string::npos && used_.count(name.substr(0, end)))
                refuse("E_UNSUPPORTED", checkpoint_.path, name + ": scales that weights are to be multiplied by; save the model in floats that need none");
        }
    }
    std::vector<std::string> unused() const {
        std::vector<std::string> names;
        for (const auto& [name, tensor] : checkpoint_.tensors)
            if (!used_.count(name) && !is_buffer(name)) names.push_back(name);
        return names;
    }

private:
    bool is_buffer(const std::string& name) const {
        return std::any_of(dialect_.buffers.begin(), dialect_.buffers.end(), [&](const std::string ending) {
            return name.size() >= ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
        });
    }

    const Checkpoint& checkpoint_;
    const Dialect& dialect_;
    std::set<std::string> used_;
};

// Leading dimensions of 1 say nothing.
void require_shape(const Entry& entry, const std::vector<uint64_t>& wanted) {
    StoredTensor expected, found = entry.second;
    while (found.shape.size() > wanted.size() && found.shape.front() == 1) found.shape.erase(found.shape.begin());
    if (found.shape == wanted) return;
    expected.shape = wanted;
    refuse(found.shape.size() == wanted.size() ? "E_MISMATCH" : "E_SHAPE", found.file->path(),
           entry.first + " has the shape " + entry.second.shape_text() + "; by the configuration it is " + expected.shape_text());
}

// A part of a stored tensor's outputs, turned to (out, in).
std::vector<float> outputs_of(const std::vector<float>& stored, Part part, Storage storage, size_t out, size_t in) {
    std::vector<float> values(out * in);
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++) {
            const size_t row = size_t(part.first) + o;
            values[o * in + i] = stored[storage == Storage::in_out ? i * size_t(part.all) + row : row * in + i];
        }
    return values;
}

HostTensor tensor_of(const Entry& entry, const TensorRule& rule, Part part, Shape shape, Nonfinite policy) {
    const bool vector = shape.rows == 1, turned = rule.storage == Storage::in_out;
    const size_t out = vector ? shape.cols : shape.rows, in = vector ? 1 : shape.cols;
    require_shape(entry, vector   ? std::vector<uint64_t>{part.all}
                         : turned ? std::vector<uint64_t>{in, part.all}
                                  : std::vector<uint64_t>{part.all, in});
    return {shape.rows, shape.cols, [=, storage = rule.storage, name = entry.first, tensor = entry.second] {
                std::vector<float> values = tensor.floats(name);
                require_finite(values, name, tensor.file->path(), policy);
                return !turned && part.all == out ? values : outputs_of(values, part, storage, out, in);
            }};
}

// Tensors that a model does without may be in the file, for readers that know no such models.
void require_zeros(const Entry* entry, const char* key) {
    if (!entry) return;
    for (const float value : entry->second.floats(entry->first))
        if (value != 0)
            refuse("E_MISMATCH", entry->second.file->path(),
                   entry->first + " is not zeros; by the configuration " + key + " is false");
}

// A tied model may store its one matrix under either name.
void load_head(const Configuration& c, const JsonView& config, NamedTensors& tensors, Weights& weights, Nonfinite policy) {
    const TensorRule& embedding = c.dialect->tensors.front();
    const Shape shape = shape_of(weights.architecture, Role::token_embedding);
    const auto load = [&](const Entry& entry) { return tensor_of(entry, embedding, {0, shape.rows}, shape, policy); };
    if (!flag_or(config, "tie_word_embeddings", c.family->tied_by_default)) {
        weights.tensors[{Role::token_embedding, 0}] = load(tensors.require(embedding.name));
        weights.tensors[{Role::head, 0}] = load(tensors.require(c.dialect->head));
        return;
    }
    const Entry* tokens = tensors.find(embedding.name);
    const Entry* head = tokens ? tensors.find(c.dialect->head) : &tensors.require(c.dialect->head);
    if (tokens && head && !tokens->second.same_bytes(head->second))
        weights.notes.push_back(config.file() + ": " + head->first + " is not used, as the configuration ties it to the embedding");
    weights.tensors[{Role::token_embedding, 0}] = load(tokens ? *tokens : *head);
}

void note_unused(const std::string& path, const NamedTensors& tensors, Weights& weights) {
    const std::vector<std::string> names = tensors.unused();
    if (names.empty()) return;
    constexpr size_t shown = 8;
    std::string note = path + ": " + std::to_string(names.size()) + " tensors are not used:";
    for (size_t i = 0; i < names.size() && i < shown; i++) note += " " + names[i];
    weights.notes.push_back(note + (names.size() > shown ? " ..." : ""));
}

}  // namespace

Weights import_transformer(const Checkpoint& checkpoint, const GivenSizes& given, Nonfinite policy) {
    const Configuration c = configuration_of(checkpoint, given);
    const JsonView config(c.values, checkpoint.config_path);
    check_demands(*c.family, config);
    Weights weights;
    weights.source = checkpoint.path;
    read_architecture(*c.family, *c.dialect, config, weights);
    read_rope(config, weights);

    NamedTensors tensors(checkpoint, *c.dialect);
    load_head(c, config, tensors, weights, policy);
    for (const TensorRule& rule : c.dialect->tensors) {
        if (rule.role == Role::token_embedding) continue;
        const bool exists = !rule.exists_if || flag_or(config, rule.exists_if, c.family->optional_by_default);
        const uint32_t layers = rule.role >= Role::attention_norm ? weights.architecture.layers : 1;
        const Part part = part_of(*c.dialect, rule, weights.architecture);
        for (uint32_t layer = 0; layer < layers; layer++) {
            const std::string name = name_in_layer(rule.name, layer);
            if (exists)
                weights.tensors[{rule.role, layer}] =
                    tensor_of(tensors.require(name), rule, part, shape_of(weights.architecture, rule.role), policy);
            else if (c.family->optional_by_default)
                require_zeros(tensors.find(name), rule.exists_if);
        }
    }
    tensors.require_no_scales();
    note_unused(checkpoint.path, tensors, weights);
    if (c.dialect->note && !checkpoint.config.contains(c.family->activation))
        weights.notes.push_back(checkpoint.path + ": " + c.dialect->note);
    return weights;
}

Weights import_hf(const std::string& folder, Nonfinite policy) {
    if (!exists(folder + "/config.json")) refuse("E_MISSING", folder, "has no config.json");
    return import_transformer(read_checkpoint(folder), {}, policy);
}

}  // namespace mote::tools
