// import: a checkpoint of any supported kind becomes Weights.
#pragma once

#include <optional>
#include <string>

#include "import/config.h"
#include "model/weights.h"

namespace mote::tools {

struct ImportOptions {
    std::optional<std::string> tokenizer;  // a file or folder; nothing: the checkpoint's own, in its folder or with its configuration
    bool allow_nonfinite = false;          // take weights that are NaN or infinite as they are
    std::string config;                    // a file with the configuration; empty: the checkpoint's own
    GivenSizes sizes;                      // of models whose files do not say them
};

/// Reads a checkpoint, told apart by its content: a folder or file of read_checkpoint (safetensors, PyTorch), a GGUF file
/// (the first, if the model is in several), or a llama2.c file.
/// Files are mapped, and read when a tensor's values are asked for.
/// Errors: E_UNSUPPORTED and E_MAGIC say what a file looks like that is none of these; the rest as each format has it.
Weights import_checkpoint(const std::string& path, const ImportOptions& options = {});

}  // namespace mote::tools
