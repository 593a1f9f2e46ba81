// inspect_checkpoint: imports, counts and reads; nothing is kept.
#include "verbs/inspect_checkpoint.h"

#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/looks_like.h"
#include "base/output.h"
#include "export/family_of.h"
#include "gguf/gguf_file.h"
#include "import/import.h"
#include "tokenizer/tokenizer_gguf.h"

namespace mote::tools {
namespace {

namespace fs = std::filesystem;

// What the weights take on the disk. A folder has other files, too: those are counted that hold tensors.
uint64_t stored_bytes(const std::string& path) {
    if (!fs::is_directory(path)) return fs::file_size(path);
    uint64_t bytes = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
        const std::string ending = entry.path().extension().string();
        if (entry.is_regular_file() && (ending == ".safetensors" || ending == ".bin" || ending == ".pt" || ending == ".pth"))
            bytes += entry.file_size();
    }
    return bytes;
}

// Only a GGUF file is described by the types of its blocks; the bytes are those of its tensors.
void describe_gguf(const GgufFile& gguf, Json& out) {
    uint64_t bytes = 0;
    Json types = Json::object();
    for (const auto& [name, tensor] : gguf.tensors) {
        bytes += tensor.bytes;
        types[tensor.type->name] = types.value(tensor.type->name, 0) + 1;
    }
    out["bytes"] = bytes;
    out["types"] = types;
    if (const std::optional<std::string> text = chat_template_text(gguf)) out["template"] = *text;
}

std::string format_of(const std::string& path) {
    if (fs::is_directory(path)) return "a folder";
    const MappedFile file(path);
    const std::string kind = looks_like(file.text());
    return kind.empty() ? "a llama2.c checkpoint" : kind;
}

std::string describe_tokenizer(const std::optional<TokenizerModel>& t) {
    if (!t) return "none";
    const char* kind = t->characters.empty() ? "byte-level merges" : "merges of characters";
    return std::string(kind) + ", " + std::to_string(t->pieces.size()) + " pieces, " + std::to_string(t->merges.size()) +
           " merges, " + std::to_string(t->specials.size()) + " control tokens";
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

std::string text_of(const Json& value) {
    if (value.is_string()) return value.get<std::string>().substr(0, 400);
    if (value.is_number_float()) {
        char text[32];
        std::snprintf(text, sizeof text, "%.3f", value.get<double>());
        return text;
    }
    if (!value.is_structured()) return value.dump();
    std::string text;
    for (const auto& [key, item] : value.items())
        text += (text.empty() ? "" : ", ") + (value.is_array() ? text_of(item) : key + " " + text_of(item));
    return text.empty() ? "none" : text;
}

std::string on_one_line(std::string text) {
    for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2)) text.replace(at, 1, "\\n");
    return text;
}

// The order of the lines.
constexpr const char* names[] = {"file",  "format",    "family",   "sizes",  "parameters", "bytes", "bits_per_weight",
                                 "types", "tokenizer", "template", "checks", "notes"};

}  // namespace

Json describe_sizes(const Architecture& a) {
    return {{"dim", a.dim},           {"layers", a.layers}, {"heads", a.heads}, {"kv_heads", a.kv_heads},
            {"head_dim", a.head_dim}, {"hidden", a.hidden}, {"vocab", a.vocab}, {"context", a.context}};
}

Json describe_checkpoint(const std::string& path) {
    Json out = {{"file", path}, {"format", format_of(path)}, {"template", nullptr}};
    const Weights weights = import_checkpoint(path);
    const Family* family = family_of(weights);
    out["family"] = family ? family->model_type : "none that has a name";
    out["sizes"] = describe_sizes(weights.architecture);
    out["parameters"] = parameters(weights);
    out["bytes"] = stored_bytes(path);
    if (out["format"] == "a GGUF file") describe_gguf(read_gguf_parts(path), out);
    out["bits_per_weight"] = 8 * out["bytes"].get<double>() / double(parameters(weights));
    out["tokenizer"] = describe_tokenizer(weights.tokenizer);
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
        table += label + (found->is_null() ? "none" : on_one_line(text_of(*found))) + "\n";
    }
    return table;
}

}  // namespace mote::tools
