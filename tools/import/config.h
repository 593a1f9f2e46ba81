// config: the configuration of a checkpoint in the keys of its family, whoever wrote it.
#pragma once

#include <optional>
#include <string>

#include "import/checkpoint.h"
#include "import/families.h"

namespace mote::tools {

/// What the user says of a model whose files do not.
struct GivenSizes {
    std::optional<uint32_t> heads, context;
};

/// A model's family, the dialect of its names, and its configuration: config.json as it is if it names a family; else the keys of
/// other programs under their names at Hugging Face, with the sizes that only the tensors' shapes tell.
struct Configuration {
    const Family* family = nullptr;
    const Dialect* dialect = nullptr;
    Json values;
};

/// Errors: E_UNSUPPORTED (a family, or names of tensors, that are not known), E_MISSING (a size that nothing tells), E_TYPE,
/// E_RANGE.
Configuration configuration_of(const Checkpoint& checkpoint, const GivenSizes& given);

/// The tensor of that name, with or without the dialect's prefix; nullptr if there is none.
const StoredTensors::value_type* find_tensor(const StoredTensors& tensors, const Dialect& dialect, const std::string& name);

/// A rule's name with the layer's number in it.
std::string name_in_layer(const char* name, uint32_t layer);

}  // namespace mote::tools
