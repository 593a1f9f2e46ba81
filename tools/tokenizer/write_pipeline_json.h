// write_pipeline_json: the stages around the model of a tokenizer.json: normalizer, pre_tokenizer, decoder.
#pragma once

#include <string>

#include "model/tokenizer_model.h"

namespace mote::tools {

/// Each as JSON.
struct PipelineJson {
    std::string normalizer = "null", pre_tokenizer = "null", decoder = "null";
};

/// Stages that import_tokenizer_json reads as the model's own rules. Errors: E_UNSUPPORTED, by the name of what tokenizer.json, or mote's
/// reader of it, cannot say.
PipelineJson pipeline_json(const TokenizerModel& model, const std::string& file);

}  // namespace mote::tools
