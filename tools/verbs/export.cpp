// export: a checkpoint becomes a file that other programs read.
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "export/gguf.h"
#include "import/import.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

struct ExportOptions {
    std::string model, tokenizer, to, type = "f32", output;
    bool force = false;
};

const GgmlType& written_type(const std::string& name) {
    return *find_written_type(name == "q8_0" ? "Q8_0" : name == "f16" ? "F16" : "F32");
}

void export_model(const ExportOptions& o) {
    require_different(o.model, o.output);
    if (!o.tokenizer.empty()) require_different(o.tokenizer, o.output);
    require_new(o.output, o.force);
    ImportOptions import;
    if (!o.tokenizer.empty()) import.tokenizer = o.tokenizer;
    const Weights weights = import_checkpoint(o.model, import);
    std::vector<std::string> notes = weights.notes;
    const uint64_t bytes = export_gguf(o.output, weights, written_type(o.type), notes);
    for (const std::string& text : notes) note("mote: note: " + text);
    note(o.output + ": " + std::to_string(parameters(weights)) + " parameters, " + std::to_string(bytes) + " bytes");
}

}  // namespace

void add_export(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("export", "Write a model for other programs");
    const auto o = std::make_shared<ExportOptions>();
    verb->add_option("model", o->model, "a checkpoint as `mote pack` takes it")->required()->type_name("MODEL");
    verb->add_option("--to", o->to, "gguf: a file for llama.cpp")->required()->check(CLI::IsMember({"gguf"}));
    verb->add_option("--tokenizer", o->tokenizer, "a tokenizer other than the model's own")->type_name("FILE");
    verb->add_option("--type", o->type, "of matrices in GGUF: f32, f16 or q8_0 (default f32)")->check(CLI::IsMember({"f32", "f16", "q8_0"}));
    verb->add_option("-o,--output", o->output, "the file to write")->required()->type_name("FILE");
    verb->add_flag("--force", o->force, "overwrite an existing output");
    verb->footer("Example: mote export stories260K.bin --tokenizer tok512.bin --to gguf -o stories.gguf");
    verb->callback([o] { export_model(*o); });
}

}  // namespace mote::tools
