// import: which importer a checkpoint needs, and its tokenizer.
#include "import/import.h"

#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/looks_like.h"
#include "import/gguf.h"
#include "import/llama2c.h"
#include "import/transformer.h"
#include "tokenizer/control_tokens.h"
#include "tokenizer/tokenizer_gguf.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::tools {
namespace {

// Known containers of models, as opposed to files that are none.
bool holds_a_model(const std::string& kind) {
    for (const char* word : {"pickle", ".mote"})
        if (kind.find(word) != std::string::npos) return true;
    return false;
}

bool is_folder(const std::string& path) {
    std::error_code unreadable;  // is said when the file is opened
    return std::filesystem::is_directory(path, unreadable);
}

// Hugging Face models round their vocabulary up; llama2.c has no such habit, there it is the wrong tokenizer.
enum class Padding { refused, allowed };

void attach_tokenizer(const std::string& path, Padding padding, Weights& weights) {
    weights.tokenizer = import_tokenizer(path, weights.notes);
    const size_t vocab = weights.architecture.vocab;
    if (padding == Padding::allowed)
        for (const std::string& text : leave_out_control_tokens(vocab, *weights.tokenizer))
            weights.notes.push_back(path + ": control token " + shown(text) + " is left out: it is none of the model's " + std::to_string(vocab));
    const size_t tokens = weights.tokenizer->pieces.size();
    const std::string both = "the tokenizer has " + std::to_string(tokens) + " tokens, the model " + std::to_string(vocab);
    if (tokens > vocab || (tokens < vocab && padding == Padding::refused)) refuse("E_MISMATCH", path, both);
    if (tokens < vocab) weights.notes.push_back(path + ": " + both + "; the rest is padding");
}

// A folder has its tokenizer in it; a file of tensors has it beside it where its configuration lies there, too.
std::string own_tokenizer(const std::string& path, const Checkpoint& checkpoint, const ImportOptions& options) {
    if (is_folder(path)) return has_tokenizer(path) ? path : "";
    if (!options.config.empty() || checkpoint.config_path == path) return "";
    const std::string folder = std::filesystem::path(checkpoint.config_path).parent_path().string();
    return has_tokenizer(folder) ? folder : "";
}

Weights import_tensors(const std::string& path, const ImportOptions& options, Nonfinite policy) {
    const Checkpoint checkpoint = read_checkpoint(path, options.config);
    const std::string tokenizer = options.tokenizer.value_or(own_tokenizer(path, checkpoint, options));
    Weights weights = import_transformer(checkpoint, options.sizes, policy);
    if (!tokenizer.empty()) attach_tokenizer(tokenizer, Padding::allowed, weights);
    return weights;
}

// Both parts of the file at once; another tokenizer may be asked for instead.
Weights import_gguf_file(const std::string& path, Nonfinite policy, bool with_tokenizer) {
    const GgufFile gguf = read_gguf_parts(path);
    Weights weights = import_gguf(gguf, policy);
    if (!with_tokenizer || !has_tokenizer(gguf)) return weights;
    weights.tokenizer = import_tokenizer_gguf(gguf, weights.notes);
    const size_t tokens = weights.tokenizer->pieces.size();
    if (tokens != weights.architecture.vocab)
        refuse("E_MISMATCH", path,
               "the tokenizer has " + std::to_string(tokens) + " tokens, the model " + std::to_string(weights.architecture.vocab));
    return weights;
}

Weights import_file(const std::string& path, const ImportOptions& options, Nonfinite policy) {
    const auto file = std::make_shared<const MappedFile>(path);
    if (file->size() == 0) refuse("E_TRUNC", path, "is empty");
    if (has_llama2c_magic(*file)) return import_llama2c(file, policy);
    if (is_checkpoint_file(*file)) return import_tensors(path, options, policy);
    const std::string kind = looks_like(file->text());
    const std::string ending = kind.empty() ? std::filesystem::path(path).extension().string() : "";
    if (kind == "a GGUF file" || ending == ".gguf") return import_gguf_file(path, policy, !options.tokenizer);
    if (ending == ".safetensors") return import_tensors(path, options, policy);
    if (kind.empty()) return import_llama2c(file, policy);  // its version 0 begins with no magic
    refuse(holds_a_model(kind) ? "E_UNSUPPORTED" : "E_MAGIC", path,
           "looks like " + kind +
               "; a checkpoint is a folder with config.json and tensors, or a safetensors, GGUF, PyTorch or llama2.c file");
}

}  // namespace

Weights import_checkpoint(const std::string& path, const ImportOptions& options) {
    const Nonfinite policy = options.allow_nonfinite ? Nonfinite::allowed : Nonfinite::refused;
    Weights weights = is_folder(path) ? import_tensors(path, options, policy) : import_file(path, options, policy);
    if (!weights.tokenizer && options.tokenizer) attach_tokenizer(*options.tokenizer, Padding::refused, weights);
    if (!weights.tokenizer) weights.notes.push_back(path + ": no tokenizer");
    return weights;
}

}  // namespace mote::tools
