// inspect_checkpoint: imports, counts and reads; nothing is kept.
#include "verbs/inspect_checkpoint.h"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/looks_like.h"
#include "base/output.h"
#include "export/family_of.h"
#include "gguf/gguf_file.h"
#include "import/checkpoint.h"
#include "import/import.h"
#include "import/llama2c.h"
#include "verbs/inspect_tokenizer.h"

namespace mote::tools {
namespace {

namespace fs = std::filesystem;

// What is counted of the stored tensors, whichever container they lie in.
class Contents {
public:
    void add(const std::string& type, uint64_t bytes, const std::string& file) {
        types_[type] = types_.value(type, 0) + 1;
        bytes_ += bytes;
        files_.insert(file);
    }
    void put_into(const char* format, Json& out) const {
        out["format"] = format;
        out["files"] = files_.size();
        out["bytes"] = bytes_;
        out["types"] = types_;
    }

private:
    Json types_ = Json::object();
    uint64_t bytes_ = 0;
    std::set<std::string> files_;
};

void describe_gguf(const std::string& path, Json& out) {
    Contents contents;
    for (const auto& [name, tensor] : read_gguf_parts(path).tensors)
        contents.add(tensor.type->name, tensor.bytes, tensor.file->path());
    contents.put_into("GGUF", out);
}

// Tensors may share their bytes in a PyTorch file; each counts with its own.
void describe_stored_tensors(const std::string& path, const std::string& config, Json& out) {
    Contents contents;
    bool safetensors = true;
    for (const auto& [name, tensor] : read_checkpoint(path, config).tensors) {
        contents.add(tensor.dtype->name, tensor.elements * tensor.dtype->bytes, tensor.file->path());
        safetensors = looks_like(tensor.file->text()) == "a safetensors file";
    }
    contents.put_into(safetensors ? "safetensors" : "PyTorch", out);
}

// Its tensors follow each other without a description; version 0 has tables of cosines and sines among them.
void describe_llama2c(const MappedFile& file, const Weights& weights, Json& out) {
    uint32_t version = 0;
    if (has_llama2c_magic(file)) std::memcpy(&version, file.data() + sizeof version, sizeof version);
    Contents contents;
    for (const auto& [key, tensor] : weights.tensors)
        contents.add(version == 2 && tensor.rows != 1 ? "8 bits" : "F32", 0, file.path());
    contents.put_into("llama2.c", out);
    out["format"] = "llama2.c, version " + std::to_string(version);
    out["bytes"] = file.size();
}

void describe_contents(const std::string& path, const std::string& config, const Weights& weights, Json& out) {
    if (fs::is_directory(path)) return describe_stored_tensors(path, config, out);
    const MappedFile file(path);
    if (is_checkpoint_file(file)) return describe_stored_tensors(path, config, out);
    if (looks_like(file.text()) == "a GGUF file") return describe_gguf(path, out);
    describe_llama2c(file, weights, out);
}

// Reads all numbers; the first that is not finite ends it.
std::string check_numbers(const Weights& weights) {
    Progress progress("check", "tensors", weights.tensors.size());
    size_t done = 0;
    for (const auto& [key, tensor] : weights.tensors) {
        stop_if_interrupted();
        try {
            tensor.values();
        } catch (const Failure& failure) {
            if (failure.exit() != Exit::input) throw;
            return failure.what();
        }
        progress.at(++done);
    }
    return "ok: " + std::to_string(done) + " tensors, all numbers finite";
}

std::string line_of(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_float()) {
        char text[32];
        std::snprintf(text, sizeof text, "%.3f", value.get<double>());
        return text;
    }
    if (!value.is_structured()) return value.dump();
    std::string text;
    for (const auto& [key, item] : value.items())
        text += (text.empty() ? "" : ", ") + (value.is_array() ? line_of(item) : key + " " + line_of(item));
    return text.empty() ? "none" : text;
}

// The order of the lines; the tokenizer's come behind them.
constexpr const char* names[] = {"file",  "format",          "files", "family", "sizes", "parameters",
                                 "bytes", "bits_per_weight", "types", "checks", "notes"};

}  // namespace

Json describe_sizes(const Architecture& a) {
    return {{"dim", a.dim},           {"layers", a.layers}, {"heads", a.heads}, {"kv_heads", a.kv_heads},
            {"head_dim", a.head_dim}, {"hidden", a.hidden}, {"vocab", a.vocab}, {"context", a.context}};
}

Json describe_checkpoint(const std::string& path, const ImportOptions& options) {
    Json out = {{"file", path}};
    const Weights weights = import_checkpoint(path, options);
    const Family* family = family_of(weights);
    out["family"] = family ? family->model_type : "none that has a name";
    out["sizes"] = describe_sizes(weights.architecture);
    out["parameters"] = parameters(weights);
    describe_contents(path, options.config, weights, out);
    out["bits_per_weight"] = 8 * out["bytes"].get<double>() / double(parameters(weights));
    out["tokenizer"] = weights.tokenizer ? describe_tokenizer(*weights.tokenizer) : Json(nullptr);
    out["checks"] = check_numbers(weights);
    out["notes"] = weights.notes;
    return out;
}

std::string table_of(const Json& description) {
    std::string table;
    for (const char* name : names) {
        const auto found = description.find(name);
        if (found == description.end()) continue;
        std::string label = std::string(name) == "bits_per_weight" ? "bits/weight" : name;
        label.resize(13, ' ');
        table += label + line_of(*found) + "\n";
    }
    return table + table_of_tokenizer(description.at("tokenizer"));
}

}  // namespace mote::tools
