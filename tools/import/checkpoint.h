// checkpoint: the tensors and the configuration of a model, from whichever files hold them.
#pragma once

#include <string>

#include "base/json.h"
#include "import/stored_tensor.h"

namespace mote::tools {

struct Checkpoint {
    std::string path;         // the folder or file, for messages
    StoredTensors tensors;    // without the prefixes that wrappers of modules leave: module., _orig_mod.
    Json config;              // an object; empty if there is none
    std::string config_path;  // where it was found, for messages
};

/// Reads a folder, or a file of tensors with its configuration inside or beside it:
///   tensors        model.safetensors, pytorch_model.bin (each also as an index of shards), consolidated.safetensors or
///                  consolidated.00.pth
///   configuration  `config` if it is not empty; else what is inside a PyTorch file; else config.json or params.json
/// Errors: E_MISSING, E_UNSUPPORTED, E_DUP, E_ARG (an index that names a file elsewhere), and those of JSON, safetensors and torch.
Checkpoint read_checkpoint(const std::string& path, const std::string& config = "");

/// Whether a folder holds files of tensors by one of these names.
bool has_weights(const std::string& folder);

/// Whether a file holds tensors that read_checkpoint reads: safetensors, a zip file, or an index of shards.
bool is_checkpoint_file(const MappedFile& file);

}  // namespace mote::tools
