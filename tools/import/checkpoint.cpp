// checkpoint: which file is what.
#include "import/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/looks_like.h"
#include "import/safetensors.h"
#include "import/torch.h"

namespace mote::tools {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t max_config_bytes = 1 << 20, max_index_bytes = 16 << 20;

bool begins_with(std::string_view text, std::string_view beginning) { return text.substr(0, beginning.size()) == beginning; }
bool is_zip(const MappedFile& file) { return begins_with(file.text(), "PK\x03\x04"); }
bool is_index(const MappedFile& file) {
    return begins_with(file.text(), "{") && file.text().find("\"weight_map\"") != std::string_view::npos;
}

std::string folder_of(const std::string& file) {
    const std::string folder = fs::path(file).parent_path().string();
    return folder.empty() ? "." : folder;
}

// ---- tensors

void read_tensors(const std::string& path, Checkpoint& checkpoint);

// A shard is a file beside its index, by a plain name.
std::string shard_path(const JsonView& name, const std::string& folder) {
    const std::string& text = name.text();
    if (text.empty() || text == "." || text == ".." || text.find('/') != std::string::npos || text.find('\0') != std::string::npos)
        name.refuse("E_ARG", "a shard must be a file in the folder of its index");
    const std::string path = folder + "/" + text;
    if (!exists(path)) name.refuse("E_MISSING", "the shard " + path + " is absent");
    return path;
}

void read_shards(const std::string& index, Checkpoint& checkpoint) {
    const Json json = read_json(index, max_index_bytes);
    const JsonView map = JsonView(json, index).at("weight_map");
    std::set<std::string> shards;
    for (const auto& [name, shard] : map.object().items())
        shards.insert(shard_path(JsonView(shard, index, "weight_map." + name), folder_of(index)));
    for (const std::string& shard : shards) {
        const MappedFile file(shard);
        if (is_index(file)) refuse("E_UNSUPPORTED", shard, "is an index, where a shard should be");
        read_tensors(shard, checkpoint);
    }
    for (const auto& [name, shard] : map.object().items())
        if (!checkpoint.tensors.count(name)) refuse("E_MISSING", index, "tensor " + name + " is in none of the shards");
}

void add_tensors(StoredTensors tensors, Checkpoint& checkpoint) {
    for (auto& [name, tensor] : tensors) {
        const std::string path = tensor.file->path();
        if (!checkpoint.tensors.emplace(name, std::move(tensor)).second)
            refuse("E_DUP", path, "tensor " + name + " is in another file of the checkpoint, too");
    }
}

void read_tensors(const std::string& path, Checkpoint& checkpoint) {
    auto file = std::make_shared<const MappedFile>(path);
    if (is_zip(*file)) {
        TorchCheckpoint torch = read_torch(file);
        add_tensors(std::move(torch.tensors), checkpoint);
        checkpoint.config.update(torch.config);
        checkpoint.config_path = path;
    } else if (is_index(*file)) {
        read_shards(path, checkpoint);
    } else {
        const std::string kind = looks_like(file->text());
        if (kind.find("pickle") != std::string::npos)
            refuse("E_UNSUPPORTED", path,
                   "looks like a PyTorch file from before version 1.6; load it in PyTorch and save it again");
        add_tensors(read_safetensors(path), checkpoint);
    }
}

// Empty if there is none.
std::string file_in(const std::string& folder) {
    for (const char* name : {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                             "pytorch_model.bin.index.json", "consolidated.safetensors", "consolidated.00.pth"})
        if (exists(folder + "/" + name)) return folder + "/" + name;
    return "";
}

std::string required_file_in(const std::string& folder) {
    const std::string file = file_in(folder);
    if (!file.empty()) return file;
    refuse("E_MISSING", folder, "has none of model.safetensors, pytorch_model.bin, their index files, and consolidated.00.pth");
}

// ---- parts

// The number in `text` from `at` on, and where it ends; nothing if there are not `digits` of them.
std::optional<unsigned long> number_at(const std::string& text, size_t at, size_t digits) {
    if (at > text.size() || digits > text.size() - at) return std::nullopt;
    for (size_t i = at; i < at + digits; i++)
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
    return std::stoul(text.substr(at, digits));
}

// A name such as model-00002-of-00003.safetensors says that there is more than this file.
void refuse_shard(const std::string& path) {
    constexpr size_t digits = 5;
    const std::string name = fs::path(path).filename().string(), of = "-of-";
    const size_t middle = name.find(of);
    if (middle == std::string::npos || middle <= digits) return;
    const auto part = number_at(name, middle - digits, digits), parts = number_at(name, middle + of.size(), digits);
    if (!part || !parts || *parts < 2) return;
    refuse("E_UNSUPPORTED", path,
           "is part " + std::to_string(*part) + " of " + std::to_string(*parts) + "; give the folder, or the index file beside it, x.index.json");
}

// Meta's larger models lie in one file for each device, every matrix cut.
void refuse_device_parts(const std::string& path) {
    const fs::path file(path);
    const std::string stem = "consolidated.0", ending = file.extension().string(), name = file.filename().string();
    if (name.compare(0, stem.size(), stem) != 0) return;
    const std::string second = stem + "1" + ending;
    if (exists((file.parent_path() / second).string()))
        refuse("E_UNSUPPORTED", path,
               "is a part for one of several devices, beside " + second + ", with every matrix cut; such models are read as Hugging Face has them");
}

// ---- names

std::vector<std::string> components(const std::string& name) {
    std::vector<std::string> all;
    for (size_t from = 0, dot = 0; dot != std::string::npos; from = dot + 1) {
        dot = name.find('.', from);
        all.push_back(name.substr(from, dot == std::string::npos ? dot : dot - from));
    }
    return all;
}

// What torch.compile and the wrappers for several devices put around a module's name.
std::string without_wrappers(const std::string& name) {
    std::string plain;
    for (const std::string& part : components(name))
        if (part != "_orig_mod" && part != "module") plain += (plain.empty() ? "" : ".") + part;
    return plain;
}

// The component that all names begin with; empty if there is none.
std::string common_beginning(const StoredTensors& tensors) {
    std::string first;
    for (const auto& [name, tensor] : tensors) {
        const size_t dot = name.find('.');
        const std::string beginning = dot == std::string::npos ? "" : name.substr(0, dot + 1);
        if (beginning.empty() || (!first.empty() && beginning != first)) return "";
        first = beginning;
    }
    return first;
}

template <class Rename>
StoredTensors renamed(StoredTensors tensors, const std::string& path, Rename rename) {
    StoredTensors result;
    for (auto& [name, tensor] : tensors)
        if (!result.emplace(rename(name), std::move(tensor)).second)
            refuse("E_DUP", path, "tensor " + rename(name) + " is there with two prefixes");
    return result;
}

// A model may be an attribute of others: what all names have in front says nothing.
StoredTensors with_plain_names(StoredTensors tensors, const std::string& path) {
    tensors = renamed(std::move(tensors), path, without_wrappers);
    if (tensors.size() < 2) return tensors;
    for (std::string common = common_beginning(tensors); !common.empty(); common = common_beginning(tensors))
        tensors = renamed(std::move(tensors), path, [&](const std::string& name) { return name.substr(common.size()); });
    return tensors;
}

// ---- configuration

void read_config(const std::string& folder, const std::string& given, Checkpoint& checkpoint) {
    std::string path = given;
    if (path.empty() && !checkpoint.config.empty()) return;
    for (const char* name : {"config.json", "params.json"})
        if (path.empty() && exists(folder + "/" + name)) path = folder + "/" + name;
    if (path.empty()) return;
    checkpoint.config = read_json(path, max_config_bytes);
    checkpoint.config_path = path;
    JsonView(checkpoint.config, path).object();
}

}  // namespace

bool has_weights(const std::string& folder) { return !file_in(folder).empty(); }

bool is_checkpoint_file(const MappedFile& file) {
    return is_zip(file) || is_index(file) || looks_like(file.text()) == "a safetensors file";
}

Checkpoint read_checkpoint(const std::string& path, const std::string& config) {
    std::error_code unreadable;  // is said when the file is opened
    const bool is_folder = fs::is_directory(path, unreadable);
    Checkpoint checkpoint;
    checkpoint.path = path;
    checkpoint.config = Json::object();
    checkpoint.config_path = path;
    if (is_folder) read_config(path, config, checkpoint);
    const std::string file = is_folder ? required_file_in(path) : path;
    refuse_shard(file);
    refuse_device_parts(file);
    read_tensors(file, checkpoint);
    if (!is_folder) read_config(folder_of(path), config, checkpoint);
    checkpoint.tensors = with_plain_names(std::move(checkpoint.tensors), path);
    return checkpoint;
}

}  // namespace mote::tools
