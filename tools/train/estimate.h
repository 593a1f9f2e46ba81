// estimate: what a run costs, in the words of --dry-run.
#pragma once

#include <cstddef>
#include <string>

#include "train/network.h"
#include "train/settings.h"

namespace mote::tools {

struct Estimate {
    size_t parameters = 0;
    uint32_t vocab = 0;
    size_t data_tokens = 0;
    double memory_bytes = 0;  // the process at its peak
    double step_seconds = 0;  // of real steps
};

/// Bytes of a process at its peak, which is a checkpoint: the model, the optimizer, and the files as they are written.
double run_bytes(const Network& network, const TrainSettings& settings, size_t data_tokens);

/// A line a figure, and warnings.
std::string estimate_text(const TrainSettings& settings, const Estimate& estimate);

}  // namespace mote::tools
