// settings: what a training run is made of. One table serves the command line, the checkpoint and the comparison of the two.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "train/init.h"

namespace mote::tools {

struct TrainSettings {
    std::string family = "gpt2";
    uint32_t layers = 4, dim = 128, heads = 4, kv_heads = 0, hidden = 0, context = 64;
    bool tied = true, bias = true;
    uint32_t batch = 12, accumulate = 1, steps = 2000, warmup = 100;
    float rate = 1e-3f, min_rate = 1e-4f, dropout = 0, weight_decay = 0.1f, beta1 = 0.9f, beta2 = 0.95f, grad_clip = 1;
    uint32_t seed = 1337, eval_every = 250, eval_batches = 20, threads = 0;
    float val_fraction = 0.1f;
    std::string tokenizer = "char";  // char, bytes, or a file or folder
    std::string init_from;           // checkpoint to begin with; empty: random weights
    std::string qat;                 // formats that training rounds to; empty: none
    uint32_t qat_steps = 0;          // the last steps, which round; 0: all
    std::vector<std::string> data;   // not in the table; compared by content

    ModelShape shape(uint32_t vocab) const { return {family, layers, dim, heads, kv_heads, hidden, context, vocab, tied, bias}; }
    uint64_t tokens() const { return uint64_t(steps) * accumulate * batch * context; }
};

using SettingMember =
    std::variant<uint32_t TrainSettings::*, float TrainSettings::*, bool TrainSettings::*, std::string TrainSettings::*>;

struct SettingField {
    const char* name;  // of the option, without dashes, and in the checkpoint
    SettingMember member;
    const char* help;
    const char* negation = nullptr;  // of a bool: the option that sets it to false
};

const std::vector<SettingField>& setting_fields();

/// The sizes of a model that is there already, as settings; `given` ones must be the same (E_MISMATCH, by name), but that a
/// context may be shorter.
TrainSettings sizes_of(const Weights& weights, TrainSettings settings, const std::set<std::string>& given);

/// Refuses what no run can have (E_ARG, by the option's name).
void check_settings(const TrainSettings& settings);

Json settings_json(const TrainSettings& settings);
TrainSettings settings_from_json(const JsonView& json);

/// Refuses a setting that was given and is not the stored one (E_MISMATCH, by name).
void require_same(const TrainSettings& stored, const TrainSettings& given, const std::set<std::string>& names,
                  const std::string& file);

}  // namespace mote::tools
