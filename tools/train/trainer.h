// trainer: a run from its settings to its last checkpoint.
#pragma once

#include <set>
#include <string>

#include "train/settings.h"

namespace mote::tools {

struct TrainOptions {
    TrainSettings settings;
    std::set<std::string> given;  // names of the settings that the user chose; the rest are defaults
    std::string run;              // folder
    bool resume = false;
};

struct TrainResult {
    uint64_t steps = 0;
    double validation_loss = 0, best_loss = 0;
    double tokens_per_second = 0;  // of training, without evaluations and checkpoints
};

/// Trains until the last step. An interrupt saves a checkpoint and throws (exit 130). A loss that is not finite throws E_NONFINITE
/// and leaves the last checkpoint as it is.
TrainResult train(const TrainOptions& options);

/// What a run would cost: parameters, operations, memory, time by a few real steps, tokens a parameter.
std::string describe_run(const TrainOptions& options);

}  // namespace mote::tools
