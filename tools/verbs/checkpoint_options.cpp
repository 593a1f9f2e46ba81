// checkpoint_options: their texts, and how the importer has them.
#include "verbs/checkpoint_options.h"

#include "verbs/verbs.h"

namespace mote::tools {

ImportOptions CheckpointOptions::import() const {
    ImportOptions import;
    import.config = config;
    if (heads) import.sizes.heads = heads;
    if (context) import.sizes.context = context;
    if (!tokenizer.empty()) import.tokenizer = tokenizer;
    return import;
}

void add_checkpoint_options(CLI::App& verb, CheckpointOptions& options) {
    verb.add_option("--tokenizer", options.tokenizer,
                    "a tokenizer other than the checkpoint's own, which lies in its folder, or beside a file with its config.json: a file, "
                    "or a folder with one")
        ->type_name("FILE");
    verb.add_option("--config", options.config,
                    "the configuration as JSON, if none is in the checkpoint or beside it (config.json, params.json)")
        ->type_name("FILE");
    add_count(verb, "--heads", options.heads, "attention heads, if the checkpoint does not say");
    add_count(verb, "--context", options.context, "tokens that the model was trained for, if the checkpoint does not say");
}

}  // namespace mote::tools
