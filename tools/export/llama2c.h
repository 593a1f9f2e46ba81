// llama2c: Weights become a checkpoint that llama2.c runs.
#pragma once

#include <string>

#include "model/weights.h"

namespace mote::tools {

/// Writes version 0, which every program of that family reads, one tensor after the other; its tables of cosines and sines are
/// computed. Halves of rope become pairs by moving rows of q and k.
/// Errors: E_UNSUPPORTED (what llama2.c does not compute, by name).
void export_llama2c(const Weights& weights, const std::string& path);

}  // namespace mote::tools
