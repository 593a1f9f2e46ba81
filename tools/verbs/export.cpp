// export: a checkpoint or a .mote file becomes a checkpoint for other programs.
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/looks_like.h"
#include "base/output.h"
#include "export/gguf.h"
#include "export/hf.h"
#include "export/llama2c.h"
#include "export/llama2c_tokenizer.h"
#include "export/unpack.h"
#include "import/import.h"
#include "tokenizer/tokenizer_import.h"
#include "tokenizer/write_tokenizer_json.h"
#include "verbs/checkpoint_options.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

struct ExportOptions {
    std::string model, to, type, output;
    CheckpointOptions checkpoint;
    uint32_t layout = 0;
    bool force = false;
};

const GgmlType& written_type(const std::string& name) {
    return *find_written_type(name == "q8_0" ? "Q8_0" : name == "f16" ? "F16" : "F32");
}

bool is_mote(const std::string& path) {
    return !std::filesystem::is_directory(path) && looks_like(MappedFile(path).text()) == "a .mote file";
}

Weights read_weights(const ExportOptions& o) {
    if (is_mote(o.model)) {
        Weights weights = unpack_model(o.model);
        if (o.checkpoint.tokenizer.empty()) return weights;
        weights.notes.clear();
        weights.tokenizer = import_tokenizer(o.checkpoint.tokenizer, weights.notes);
        return weights;
    }
    return import_checkpoint(o.model, o.checkpoint.import());
}

// A folder that appears with all its files or not at all.
class OutputFolder {
public:
    explicit OutputFolder(const std::string& path) : path_(path), temporary_(path + ".tmp." + std::to_string(::getpid())) {
        std::error_code error;
        std::filesystem::create_directory(temporary_, error);
        if (error) refuse_io(path, "cannot create", error.value());
    }
    ~OutputFolder() {
        std::error_code ignored;
        if (!temporary_.empty()) std::filesystem::remove_all(temporary_, ignored);
    }
    const std::string& path() const { return temporary_; }
    void add(const std::string& name, const std::string& text) { write_whole(temporary_ + "/" + name, text); }
    void commit() {
        if (std::rename(temporary_.c_str(), path_.c_str()) != 0) refuse_io(path_, "cannot rename into place", errno);
        temporary_.clear();
    }

private:
    std::string path_, temporary_;
};

// A tokenizer that a format cannot say is left out, with a note: the weights are right without it. `write` returns the file.
template <class Write>
std::optional<std::string> tokenizer_file(const char* name, std::vector<std::string>& notes, Write write) {
    try {
        return write();
    } catch (const Failure& failure) {
        if (failure.code() != "E_UNSUPPORTED") throw;
        notes.push_back("no " + std::string(name) + ": " + failure.what());
        return std::nullopt;
    }
}

// The configuration has the chat template, which is worth having alone.
void add_tokenizer(const Weights& weights, OutputFolder& folder, std::vector<std::string>& notes) {
    if (!weights.tokenizer) return;
    folder.add("tokenizer_config.json", tokenizer_config_json(*weights.tokenizer));
    const char* name = "tokenizer.json";
    if (const auto json = tokenizer_file(name, notes, [&] { return tokenizer_json(*weights.tokenizer, weights.source, &notes); }))
        folder.add(name, *json);
}

void export_folder(const Weights& weights, const std::string& output, std::vector<std::string>& notes) {
    model_type(weights);  // refuses before anything is written
    OutputFolder folder(output);
    export_hf(weights, folder.path());
    add_tokenizer(weights, folder, notes);
    folder.commit();
}

// x_tokenizer.bin beside x.bin.
std::string llama2c_tokenizer_beside(const std::string& output) {
    const std::filesystem::path path(output);
    return (path.parent_path() / (path.stem().string() + "_tokenizer.bin")).string();
}

void export_for_llama2c(const Weights& weights, const ExportOptions& o, std::vector<std::string>& notes) {
    std::optional<std::string> tokenizer;
    const std::string beside = llama2c_tokenizer_beside(o.output);
    if (weights.tokenizer)
        tokenizer = tokenizer_file("tokenizer", notes, [&] {
            return written_llama2c_tokenizer(*weights.tokenizer, weights.architecture.vocab, weights.source, notes);
        });
    if (tokenizer) require_new(beside, o.force);
    if (!o.checkpoint.tokenizer.empty()) require_different(o.checkpoint.tokenizer, beside);
    export_llama2c(o.output, weights, Llama2cLayout{o.layout, 0});
    if (tokenizer) write_whole(beside, *tokenizer);
}

void export_model(const ExportOptions& o) {
    if (!o.type.empty() && o.to != "gguf") refuse_usage("--type is of --to gguf; this output has floats, or --layout");
    if (o.layout != 0 && o.to != "llama2c") refuse_usage("--layout is of --to llama2c");
    require_different(o.model, o.output);
    if (!o.checkpoint.tokenizer.empty()) require_different(o.checkpoint.tokenizer, o.output);
    if (o.to == "hf" && exists(o.output)) refuse_usage(o.output + " exists; choose another folder");
    require_new(o.output, o.force);
    const Weights weights = read_weights(o);
    std::vector<std::string> notes = weights.notes;
    if (o.to == "hf")
        export_folder(weights, o.output, notes);
    else if (o.to == "gguf")
        export_gguf(o.output, weights, written_type(o.type), notes);
    else
        export_for_llama2c(weights, o, notes);
    for (const std::string& text : notes) note("mote: note: " + text);
    note(o.output + ": " + std::to_string(parameters(weights)) + " parameters");
}

}  // namespace

void add_export(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("export", "Write a model for other programs");
    const auto o = std::make_shared<ExportOptions>();
    verb->add_option("model", o->model, "a .mote file, or any checkpoint that mote pack reads")->required()->type_name("MODEL");
    verb->add_option("--to", o->to,
                     "hf: a folder with config.json, model.safetensors and tokenizer.json; gguf: a file for llama.cpp; llama2c: "
                     "one for llama2.c, with its tokenizer beside it, x_tokenizer.bin")
        ->required()
        ->check(CLI::IsMember({"hf", "gguf", "llama2c"}));
    add_checkpoint_options(*verb, o->checkpoint);
    verb->add_option("--type", o->type, "of matrices in GGUF: f32, f16 or q8_0 (default f32)")
        ->check(CLI::IsMember({"f32", "f16", "q8_0"}));
    verb->add_option("--layout", o->layout,
                     "of llama2.c: 0, floats, for run (default); 1, floats behind a longer header; 2, 8 bits, for runq")
        ->type_name("N")
        ->check(CLI::Range(0, 2));
    verb->add_option("-o,--output", o->output, "the folder or file to write")->required()->type_name("PATH");
    verb->add_flag("--force", o->force, "overwrite an existing file");
    verb->footer("Example: mote export stories260K.bin --tokenizer tok512.bin --to gguf -o stories.gguf");
    verb->callback([o] { export_model(*o); });
}

}  // namespace mote::tools
