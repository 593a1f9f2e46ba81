// llama2c: Weights become a checkpoint that llama2.c runs.
#pragma once

#include <string>

#include "model/weights.h"

namespace mote::tools {

/// Which of llama2.c's files is written.
struct Llama2cLayout {
    uint32_t version =
        0;  // 0: float32, for `run`; 1: float32 behind a header of 256 bytes; 2: int8 in groups with a scale, for `runq`
    uint32_t group = 0;  // of version 2: elements that share a scale; 0: 64, or the next power of two that divides dim and hidden
};

/// Writes one tensor after the other; version 0's tables of cosines and sines are computed. Halves of rope become pairs by moving
/// rows of q and k. Version 2: a scale is the group's largest magnitude / 127, an element the nearest integer, ties to even.
/// Errors: E_UNSUPPORTED (what llama2.c does not compute, by name), E_SHAPE (a group that does not divide a matrix), E_IO,
/// E_NOSPACE.
void export_llama2c(const std::string& path, const Weights& weights, Llama2cLayout layout = {});

}  // namespace mote::tools
