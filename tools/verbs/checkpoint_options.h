// checkpoint_options: what the verbs that read checkpoints take alike.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "import/import.h"

namespace mote::tools {

struct CheckpointOptions {
    std::string tokenizer, config;
    uint32_t heads = 0, context = 0;  // 0: the checkpoint says it

    ImportOptions import() const;
};

/// --tokenizer, --config, --heads and --context.
void add_checkpoint_options(CLI::App& verb, CheckpointOptions& options);

}  // namespace mote::tools
