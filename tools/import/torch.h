// torch: PyTorch's checkpoints (.pt, .pth, .bin), zip files of a pickle and raw storages, read without running anything.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "import/stored_tensor.h"

namespace mote::tools {

struct TorchCheckpoint {
    StoredTensors tensors;  // the state dict: at the top, or under "model", "state_dict" and such
    Json config;            // the plain values beside it, under "model_args", "config" and such; an object
};

/// Errors: those of zip and pickle; E_UNSUPPORTED (files of PyTorch before 1.6, TorchScript), E_ENDIAN, E_MISSING, E_TYPE, E_DUP,
/// E_RANGE, E_OVERFLOW, E_CRC.
TorchCheckpoint read_torch(const std::shared_ptr<const MappedFile>& file);

}  // namespace mote::tools
