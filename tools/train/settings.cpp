// settings: the table.
#include "train/settings.h"

#include <algorithm>

#include "base/error.h"
#include "export/hf.h"
#include "train/qat.h"

namespace mote::tools {
namespace {

using S = TrainSettings;

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

Json value_of(const TrainSettings& s, const SettingField& field) {
    return std::visit([&](auto member) { return Json(s.*member); }, field.member);
}

}  // namespace

const std::vector<SettingField>& setting_fields() {
    static const std::vector<SettingField> fields = {
        {"family", &S::family, "gpt2, llama, qwen2 or qwen3 (default gpt2)"},
        {"layers", &S::layers, "layers (default 4)"},
        {"dim", &S::dim, "width of the stream (default 128)"},
        {"heads", &S::heads, "attention heads (default 4)"},
        {"kv-heads", &S::kv_heads, "heads of keys and values (default: as many as heads)"},
        {"hidden", &S::hidden, "width of the feed-forward layer (default: 4 dim, or 8/3 dim where it is gated)"},
        {"context", &S::context, "tokens of context (default 64)"},
        {"tied", &S::tied, "the token embedding is the head, or the head has a matrix of its own (default tied)", "untied"},
        {"bias", &S::bias, "biases in norms and matrices, where the family has them (default bias)", "no-bias"},
        {"batch", &S::batch, "sequences of a batch (default 12)"},
        {"accumulate", &S::accumulate, "batches of a step (default 1)"},
        {"steps", &S::steps, "steps (default 2000)"},
        {"warmup", &S::warmup, "steps in which the learning rate rises (default 100)"},
        {"lr", &S::rate, "highest learning rate (default 0.001)"},
        {"min-lr", &S::min_rate, "learning rate at the end (default 0.0001)"},
        {"dropout", &S::dropout, "part of the embedding and of what each sublayer adds that is set to 0 (default 0)"},
        {"weight-decay", &S::weight_decay, "decay of matrices (default 0.1)"},
        {"beta1", &S::beta1, "decay of Adam's first moment (default 0.9)"},
        {"beta2", &S::beta2, "decay of Adam's second moment (default 0.95)"},
        {"grad-clip", &S::grad_clip, "longest gradient; 0: any (default 1)"},
        {"seed", &S::seed, "seed of weights, batches and dropout (default 1337)"},
        {"eval-every", &S::eval_every, "steps between evaluations, each with a checkpoint (default 250)"},
        {"eval-batches", &S::eval_batches, "batches of an evaluation, drawn at random; 0: all validation data once (default 20)"},
        {"val-fraction", &S::val_fraction, "the last part of the data, for evaluation (default 0.1)"},
        {"threads", &S::threads, "threads; the result depends on their number (default: all)"},
        {"tokenizer", &S::tokenizer, "char, bytes, or a tokenizer.json (default char)"},
        {"init-from", &S::init_from, "begin with this run or Hugging Face folder, its sizes and its tokenizer"},
        {"qat", &S::qat, "compute as the device will with these formats: q8, q4, or by role as pack --weights has them"},
        {"qat-steps", &S::qat_steps, "only the last N steps round; evaluations always do (default: all)"},
    };
    return fields;
}

TrainSettings sizes_of(const Weights& weights, TrainSettings settings, const std::set<std::string>& given) {
    const Architecture& a = weights.architecture;
    const TrainSettings asked = settings;
    settings.family = model_type(weights);
    settings.layers = a.layers, settings.dim = a.dim, settings.heads = a.heads, settings.kv_heads = a.kv_heads,
    settings.hidden = a.hidden;
    settings.context = given.count("context") ? std::min(asked.context, a.context) : a.context;
    settings.tied = !weights.tensors.count({Role::head, 0});
    settings.bias = weights.tensors.count({Role::attention_norm_bias, 0}) || weights.tensors.count({Role::q_bias, 0});
    std::set<std::string> sizes;
    for (const char* name : {"family", "layers", "dim", "heads", "kv-heads", "hidden", "context", "tied", "bias"})
        if (given.count(name)) sizes.insert(name);
    require_same(settings, asked, sizes, weights.source);
    return settings;
}

void check_settings(const TrainSettings& s) {
    const struct {
        const char* name;
        uint32_t value;
    } positive[] = {{"layers", s.layers}, {"dim", s.dim},     {"heads", s.heads},           {"context", s.context},
                    {"batch", s.batch},   {"steps", s.steps}, {"accumulate", s.accumulate}, {"eval-every", s.eval_every}};
    for (const auto& p : positive)
        if (p.value == 0) refuse_usage("--" + std::string(p.name) + " must be more than 0");
    const struct {
        const char* name;
        float value, below;
    } parts[] = {{"dropout", s.dropout, 1}, {"beta1", s.beta1, 1}, {"beta2", s.beta2, 1}, {"val-fraction", s.val_fraction, 1}};
    for (const auto& p : parts)
        if (!(p.value >= 0 && p.value < p.below)) refuse_usage("--" + std::string(p.name) + " must be in [0, 1)");
    const std::pair<const char*, float> not_negative[] = {
        {"lr", s.rate}, {"min-lr", s.min_rate}, {"weight-decay", s.weight_decay}, {"grad-clip", s.grad_clip}};
    for (const auto& [name, value] : not_negative)
        if (!(value >= 0)) refuse_usage("--" + std::string(name) + " must not be negative");
    if (!s.qat.empty()) parse_qat(s.qat);
    if (s.qat_steps && s.qat.empty()) refuse_usage("--qat-steps goes with --qat");
    if (s.rate == 0) refuse_usage("--lr must be more than 0");
    if (s.threads > 1024) refuse_usage("--threads " + std::to_string(s.threads) + " is more than 1024");
}

Json settings_json(const TrainSettings& settings) {
    Json json;
    for (const SettingField& field : setting_fields()) json[field.name] = value_of(settings, field);
    json["data"] = settings.data;
    return json;
}

TrainSettings settings_from_json(const JsonView& json) {
    TrainSettings s;
    for (const SettingField& field : setting_fields()) {
        if (!json.find(field.name)) continue;  // a setting younger than the run has its default
        const JsonView value = json.at(field.name);
        std::visit(Overloaded{[&](uint32_t S::*m) { s.*m = uint32_t(value.integer(UINT32_MAX)); },
                              [&](float S::*m) { s.*m = float(value.number()); },
                              [&](bool S::*m) { s.*m = value.boolean(); },
                              [&](std::string S::*m) { s.*m = value.text(); }},
                   field.member);
    }
    const JsonView data = json.at("data");
    for (size_t i = 0; i < data.array().size(); i++) s.data.push_back(data.element(i).text());
    return s;
}

void require_same(const TrainSettings& stored, const TrainSettings& given, const std::set<std::string>& names,
                  const std::string& file) {
    for (const SettingField& field : setting_fields())
        if (names.count(field.name) && value_of(stored, field) != value_of(given, field))
            refuse("E_MISMATCH", file, std::string(field.name) + " is " + value_of(stored, field).dump() + " there, " +
                                           value_of(given, field).dump() + " was asked for");
}

}  // namespace mote::tools
