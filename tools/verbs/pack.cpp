// pack: a checkpoint becomes a .mote file.
#include <memory>

#include "base/arguments.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "chat/reduce.h"
#include "import/import.h"
#include "pack/pack.h"
#include "pack/random_model.h"
#include "tokenizer/tokenizer_import.h"
#include "verbs/checkpoint_options.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

struct PackOptions {
    std::string checkpoint, weights = "q8", activations, output, random, seed = "0", chat_template;
    CheckpointOptions options;
    bool force = false, allow_nonfinite = false;
};

Weights read_weights(const PackOptions& o) {
    if (o.random.empty() == o.checkpoint.empty()) refuse_usage("give one of CHECKPOINT and --random SHAPE");
    if (!o.random.empty()) return random_model(o.random, parse_u64("--seed", o.seed));
    ImportOptions import = o.options.import();
    import.allow_nonfinite = o.allow_nonfinite;
    return import_checkpoint(o.checkpoint, import);
}

void pack(const PackOptions& o) {
    if (!o.checkpoint.empty()) require_different(o.checkpoint, o.output);
    if (!o.options.tokenizer.empty()) require_different(o.options.tokenizer, o.output);
    require_new(o.output, o.force);
    const WeightFormats formats = parse_formats(o.weights);
    Weights weights = read_weights(o);
    if (!o.chat_template.empty()) {
        if (!weights.tokenizer) refuse("E_MISSING", o.checkpoint, "--chat-template needs a tokenizer; give one with --tokenizer");
        replace_chat_template(o.chat_template, *weights.tokenizer, weights.notes);
    }
    if (!o.activations.empty())
        weights.architecture.activation_scale = o.activations == "group" ? ActivationScale::group : ActivationScale::vector;
    std::vector<std::string> notes = weights.notes;
    const uint64_t bytes = pack_file(o.output, weights, formats, notes);
    for (const std::string& text : notes) note("mote: note: " + text);
    note(o.output + ": " + std::to_string(parameters(weights)) + " parameters, " + std::to_string(bytes) + " bytes");
}

}  // namespace

void add_pack(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("pack", "Make a .mote file from a checkpoint");
    const auto o = std::make_shared<PackOptions>();
    verb->add_option("checkpoint", o->checkpoint,
                     "a folder with config.json and its weights, or a file: safetensors, GGUF, PyTorch (.pt, .pth, .bin), llama2.c")
        ->type_name("CHECKPOINT");
    add_checkpoint_options(*verb, o->options);
    verb->add_option("--chat-template", o->chat_template,
                     "instead of the model's own: " + chat_template_names() + ", or a file in Jinja of their shapes")
        ->type_name("NAME|FILE");
    verb->add_option("--weights", o->weights,
                     "f32, f16, q8 or q4 for all matrices; exceptions by role: q4,embedding=q8 (default q8)");
    verb->add_option(
            "--activations", o->activations,
            "vector: one int8 scale for an activation vector; group: a power of two for each 32 columns, for models with outliers "
            "(default vector)")
        ->check(CLI::IsMember({"vector", "group"}));
    verb->add_option("-o,--output", o->output, "the file to write")->required()->type_name("FILE");
    verb->add_option("--random", o->random,
                     "instead of a checkpoint: random weights of a shape, 260K, 15M, 110M or llama:dim=64,layers=2,...")
        ->type_name("SHAPE");
    verb->add_option("--seed", o->seed, "seed of --random (default 0)")->type_name("N");
    verb->add_flag("--force", o->force, "overwrite an existing output");
    verb->add_flag("--allow-nonfinite", o->allow_nonfinite, "accept weights that are NaN or infinite");
    verb->footer("Example: mote pack stories260K.bin --tokenizer tok512.bin --weights q8 -o stories.mote");
    verb->callback([o] { pack(*o); });
}

}  // namespace mote::tools
