// config: the dialect is known by the names of tensors; sizes by every name that programs give them, or by shapes.
#include "import/config.h"

#include <algorithm>

#include "base/error.h"

namespace mote::tools {
namespace {

using Entry = StoredTensors::value_type;

// ---- the dialect

const Entry* find_in_first_layer(const StoredTensors& tensors, const Dialect& dialect, const TensorRule& rule) {
    return find_tensor(tensors, dialect, name_in_layer(rule.name, 0));
}

// Whether a matrix that reads the stream has the stream's width on the side that the rule says.
bool lies_as_said(const StoredTensors& tensors, const Dialect& dialect, const TensorRule& rule, const StoredTensor& tensor) {
    const Entry* embedding = find_tensor(tensors, dialect, dialect.tensors.front().name);
    const bool reads_stream =
        rule.role == Role::q || rule.role == Role::k || rule.role == Role::v || rule.role == Role::gate || rule.role == Role::up;
    if (!embedding || !reads_stream || tensor.shape.size() != 2 || embedding->second.shape.empty()) return true;
    return tensor.shape[rule.storage == Storage::in_out ? 0 : 1] == embedding->second.shape.back();
}

// How many tensors of the first layer are there, less those that are not.
int likeness(const StoredTensors& tensors, const Dialect& dialect) {
    int score = 0;
    for (const TensorRule& rule : dialect.tensors) {
        const Entry* found = find_in_first_layer(tensors, dialect, rule);
        if (found && lies_as_said(tensors, dialect, rule, found->second))
            score++;
        else if (!rule.exists_if)
            score--;
    }
    return score;
}

void consider(const Family& family, const StoredTensors& tensors, Configuration& best, int& best_score) {
    std::vector<const Dialect*> dialects = {&family};
    for (const Dialect& other : family.others) dialects.push_back(&other);
    for (const Dialect* dialect : dialects) {
        const int score = likeness(tensors, *dialect);
        if (best.dialect && score <= best_score) continue;
        best.family = &family;
        best.dialect = dialect;
        best_score = score;
    }
}

const Family& family_named(const JsonView& model_type) {
    const Family* family = find_family(model_type.text());
    if (family) return *family;
    model_type.refuse("E_UNSUPPORTED", "\"" + model_type.text() + "\" is not supported; supported are " + family_names());
}

Configuration recognised(const Checkpoint& checkpoint) {
    Configuration best;
    int score = 0;
    const JsonView config(checkpoint.config, checkpoint.config_path);
    if (const std::optional<JsonView> model_type = config.find("model_type")) {
        consider(family_named(*model_type), checkpoint.tensors, best, score);
        return best;
    }
    for (const Family& family : families()) consider(family, checkpoint.tensors, best, score);
    if (score > 0) return best;
    const std::string first = checkpoint.tensors.empty() ? "no tensor" : checkpoint.tensors.begin()->first;
    refuse("E_UNSUPPORTED", checkpoint.path,
           "names of tensors that are those of no supported family, such as " + first + "; supported are " + family_names());
}

// ---- sizes

// The value under the first of the names that has one. A size of -1 is how some say that it is not known.
std::optional<Json> find_any(const Json& config, const std::vector<const char*>& names) {
    for (const char* name : names) {
        const auto found = config.find(name);
        if (found != config.end() && !found->is_null() && *found != Json(-1)) return *found;
    }
    return std::nullopt;
}

// Shapes, as far as they tell a size.
class Shapes {
public:
    Shapes(const Checkpoint& checkpoint, const Configuration& c) : tensors_(checkpoint.tensors), dialect_(*c.dialect) {}

    std::optional<uint64_t> size(uint32_t Architecture::*member) const {
        if (member == &Architecture::vocab) return dimension(Role::token_embedding, 1);
        if (member == &Architecture::dim) return dimension(Role::token_embedding, 0);
        if (member == &Architecture::context) return dimension(Role::position_embedding, 1);
        if (member == &Architecture::hidden) return dimension(Role::down, 0);
        if (member == &Architecture::head_dim) return dimension(Role::q_norm, 0);
        if (member == &Architecture::layers) return layers();
        return std::nullopt;
    }
    // Outputs of q and of k, if each has a tensor of its own.
    std::optional<uint64_t> outputs(Role role) const { return dimension(role, 1); }
    bool has(const TensorRule& rule) const { return find_in_first_layer(tensors_, dialect_, rule) != nullptr; }
    bool has_any(const char* key) const {
        return std::any_of(dialect_.tensors.begin(), dialect_.tensors.end(), [&](const TensorRule& rule) {
            return rule.exists_if && std::string(rule.exists_if) == key && has(rule);
        });
    }
    bool is_tied() const {
        const Entry* head = find_tensor(tensors_, dialect_, dialect_.head);
        const Entry* embedding = find_tensor(tensors_, dialect_, dialect_.tensors.front().name);
        return !head || !embedding || head->second.same_bytes(embedding->second);
    }

private:
    // Counted from the last, of a tensor that one rule alone has.
    std::optional<uint64_t> dimension(Role role, size_t from_last) const {
        for (const TensorRule& rule : dialect_.tensors) {
            const Entry* found = rule.role == role ? find_in_first_layer(tensors_, dialect_, rule) : nullptr;
            if (!found || is_shared(rule)) continue;
            const std::vector<uint64_t>& shape = found->second.shape;
            const size_t at = rule.storage == Storage::in_out ? 1 - from_last : from_last;
            if (at < shape.size()) return shape[shape.size() - 1 - at];
        }
        return std::nullopt;
    }
    bool is_shared(const TensorRule& rule) const {
        return std::count_if(dialect_.tensors.begin(), dialect_.tensors.end(),
                             [&](const TensorRule& other) { return std::string(other.name) == rule.name; }) > 1;
    }
    std::optional<uint64_t> layers() const {
        for (const TensorRule& rule : dialect_.tensors) {
            if (rule.role != Role::attention_norm) continue;
            uint32_t count = 0;
            while (count <= max_layers && find_tensor(tensors_, dialect_, name_in_layer(rule.name, count))) count++;
            if (count) return count;
        }
        return std::nullopt;
    }

    const StoredTensors& tensors_;
    const Dialect& dialect_;
};

void complete_size(const Json& found, const char* key, uint32_t Architecture::*member, const Shapes& shapes, Json& values) {
    if (const std::optional<Json> value = find_any(found, other_names(member)))
        values[key] = *value;
    else if (const std::optional<uint64_t> size = shapes.size(member))
        values[key] = *size;
}

// Heads of keys are as wide as those of queries.
void complete_kv_heads(const Json& found, const Family& family, const Shapes& shapes, Json& values) {
    if (const std::optional<Json> given = find_any(found, other_names(&Architecture::kv_heads))) {
        values[family.kv_heads] = *given;
        return;
    }
    const std::optional<uint64_t> q = shapes.outputs(Role::q), k = shapes.outputs(Role::k);
    const std::optional<Json> heads = find_any(values, other_names(&Architecture::heads));
    if (q && k && *q && heads && heads->is_number_unsigned() && heads->get<uint64_t>() <= max_dim)
        values[family.kv_heads] = heads->get<uint64_t>() * *k / *q;
}

void require_sizes(const Checkpoint& checkpoint, const Family& family, const Json& values) {
    for (const SizeKey& size : family.sizes) {
        if (values.contains(size.key)) continue;
        std::string names;
        for (const char* name : other_names(size.size)) names += (names.empty() ? "\"" : ", \"") + std::string(name) + "\"";
        const std::string option = size.size == &Architecture::heads     ? "--heads N or "
                                   : size.size == &Architecture::context ? "--context N or "
                                                                         : "";
        refuse("E_MISSING", checkpoint.config_path,
               "nothing says " + names + " (one of these names); pass " + option + "--config FILE");
    }
}

// Llama 3.1 and later as Meta's params.json says it.
void complete_rope(const Json& found, Json& values) {
    if (const auto scaled = found.find("use_scaled_rope"); scaled != found.end() && *scaled == Json(true))
        values["rope_scaling"] = {{"rope_type", "llama3"},
                                  {"factor", found.value("rope_scaling_factor", Json(8))},
                                  {"low_freq_factor", 1},
                                  {"high_freq_factor", 4},
                                  {"original_max_position_embeddings", 8192}};
}

void set_given(const GivenSizes& given, const Family& family, Json& values) {
    for (const SizeKey& size : family.sizes) {
        if (size.size == &Architecture::heads && given.heads) values[size.key] = *given.heads;
        if (size.size == &Architecture::context && given.context) values[size.key] = *given.context;
    }
}

void complete(const Checkpoint& checkpoint, const GivenSizes& given, Configuration& c) {
    const Family& family = *c.family;
    const Shapes shapes(checkpoint, c);
    const Json& found = checkpoint.config;
    Json& values = c.values;
    values["model_type"] = family.model_type;
    for (const SizeKey& size : family.sizes) complete_size(found, size.key, size.size, shapes, values);
    complete_size(found, family.hidden, &Architecture::hidden, shapes, values);
    if (family.head_dim) complete_size(found, family.head_dim, &Architecture::head_dim, shapes, values);
    set_given(given, family, values);
    if (family.kv_heads) complete_kv_heads(found, family, shapes, values);
    for (const char* key : {family.norm_eps, family.activation, "rope_theta"})
        if (const std::optional<Json> value = find_any(found, other_names(key))) values[key] = *value;
    if (!values.contains(family.norm_eps)) values[family.norm_eps] = c.dialect->default_norm_eps;
    if (!values.contains(family.activation)) values[family.activation] = c.dialect->default_activation;
    if (!values.contains("tie_word_embeddings")) values["tie_word_embeddings"] = shapes.is_tied();
    complete_rope(found, values);
}

}  // namespace

std::string name_in_layer(const char* name, uint32_t layer) {
    std::string text = name;
    const size_t at = text.find('#');
    return at == std::string::npos ? text : text.replace(at, 1, std::to_string(layer));
}

const StoredTensors::value_type* find_tensor(const StoredTensors& tensors, const Dialect& dialect, const std::string& name) {
    for (const std::string& full : {dialect.prefix + name, name}) {
        const auto found = tensors.find(full);
        if (found != tensors.end()) return &*found;
    }
    return nullptr;
}

Configuration configuration_of(const Checkpoint& checkpoint, const GivenSizes& given) {
    Configuration c = recognised(checkpoint);
    c.values = checkpoint.config;
    const bool named = checkpoint.config.contains("model_type");
    if (named)
        set_given(given, *c.family, c.values);
    else
        complete(checkpoint, given, c);
    const Shapes shapes(checkpoint, c);
    for (const TensorRule& rule : c.dialect->tensors)
        if (rule.exists_if && !(named && c.dialect == c.family) && !c.values.contains(rule.exists_if))
            c.values[rule.exists_if] = shapes.has_any(rule.exists_if);
    require_sizes(checkpoint, *c.family, c.values);
    return c;
}

}  // namespace mote::tools
