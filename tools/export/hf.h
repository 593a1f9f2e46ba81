// hf: Weights become a folder that Hugging Face transformers and import/hf read.
#pragma once

#include <string>

#include "base/json.h"
#include "model/weights.h"

namespace mote::tools {

/// The two files of a model. Its tokenizer's files are the caller's.
struct HfFiles {
    std::string config;       // config.json
    std::string safetensors;  // model.safetensors, float32
};

/// In memory, and to the end even after an interrupt: a trainer that was interrupted saves by it.
/// With the names, the orientation and the rope pairing that transformers has for the family; import_hf makes the same Weights of
/// it (interleaved rope pairs, which no Hugging Face model has, become halves by moving rows of q and k).
/// Errors: E_UNSUPPORTED (an architecture that is no row of import/families, or rope frequencies of no rule that rope_rule finds).
HfFiles export_hf(const Weights& weights);

/// The same into a folder that is there, one tensor after the other. Errors also: E_IO, E_NOSPACE, E_INTERRUPTED.
void export_hf(const Weights& weights, const std::string& folder);

/// The family's name as `--family` and config.json have it. Errors: E_UNSUPPORTED, as above.
std::string model_type(const Weights& weights);

}  // namespace mote::tools
