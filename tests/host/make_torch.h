// make_torch: PyTorch's checkpoints written byte by byte: a zip file of a pickle and of storages.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "make_checkpoint.h"
#include "mote/model.h"

namespace mote::testing {

struct ZipEntry {
    std::string name, bytes;
    uint16_t method = 0, flags = 0;
};

inline std::string zip(const std::vector<ZipEntry>& entries) {
    std::string file, directory;
    const auto sizes = [](const ZipEntry& e) {
        return bytes_of(crc32(0, e.bytes.data(), e.bytes.size())) + bytes_of(uint32_t(e.bytes.size())) + bytes_of(uint32_t(e.bytes.size())) +
               bytes_of(uint16_t(e.name.size())) + bytes_of(uint16_t{0});
    };
    for (const ZipEntry& e : entries) {
        const uint32_t offset = uint32_t(file.size());
        const std::string common = bytes_of(uint16_t{10}) + bytes_of(e.flags) + bytes_of(e.method) + bytes_of(uint32_t{0}) + sizes(e);
        file += "PK\x03\x04" + common + e.name + e.bytes;
        directory += "PK\x01\x02" + bytes_of(uint16_t{10}) + common + std::string(10, '\0') + bytes_of(offset) + e.name;
    }
    const uint16_t count = uint16_t(entries.size());
    return file + directory + "PK\x05\x06" + std::string(4, '\0') + bytes_of(count) + bytes_of(count) + bytes_of(uint32_t(directory.size())) +
           bytes_of(uint32_t(file.size())) + std::string(2, '\0');
}

// ---- pickles of protocol 2

inline std::string pickled(const std::string& text) { return "X" + bytes_of(uint32_t(text.size())) + text; }
inline std::string pickled(uint32_t value) { return "J" + bytes_of(value); }
inline std::string pickled_global(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }
inline std::string pickled_tuple(const std::vector<uint32_t>& values) {
    std::string text = "(";
    for (const uint32_t value : values) text += pickled(value);
    return text + "t";
}
inline std::string pickled_dictionary(const std::vector<std::pair<std::string, std::string>>& items) {
    std::string text = "}(";
    for (const auto& [key, value] : items) text += pickled(key) + value;
    return text + "u";
}

/// A float tensor over the storage `key` of `stored` elements.
inline std::string pickled_tensor(const std::string& key, uint32_t stored, uint32_t offset, const std::vector<uint32_t>& size,
                                  const std::vector<uint32_t>& stride) {
    return pickled_global("torch._utils", "_rebuild_tensor_v2") + "((" + pickled("storage") + pickled_global("torch", "FloatStorage") +
           pickled(key) + pickled("cpu") + pickled(stored) + "tQ" + pickled(offset) + pickled_tuple(size) + pickled_tuple(stride) + "\x89" +
           pickled_global("collections", "OrderedDict") + ")RtR";
}

inline std::string torch_file(const std::string& pickle, const std::vector<std::pair<std::string, std::string>>& storages) {
    std::vector<ZipEntry> entries = {{"a/data.pkl", "\x80\x02" + pickle + "."}, {"a/byteorder", "little"}};
    for (const auto& [key, bytes] : storages) entries.push_back({"a/data/" + key, bytes});
    return zip(entries);
}

/// The tensors of a model under other names, each with a storage of its own.
inline std::string torch_state(const Tensors& tensors, std::vector<std::pair<std::string, std::string>>& storages) {
    std::vector<std::pair<std::string, std::string>> items;
    for (const auto& [name, tensor] : tensors) {
        const std::vector<uint32_t> size(tensor.shape.begin(), tensor.shape.end());
        std::vector<uint32_t> stride(size.size(), 1);
        for (size_t d = size.size(); d-- > 1;) stride[d - 1] = stride[d] * size[d];
        const std::string key = std::to_string(storages.size());
        items.emplace_back(name, pickled_tensor(key, uint32_t(tensor.bytes.size() / 4), 0, size, stride));
        storages.emplace_back(key, tensor.bytes);
    }
    return pickled_dictionary(items);
}

/// tiny_llama in Meta's names inside a training script's dictionary.
inline std::string tiny_meta_file() {
    const std::vector<std::pair<std::string, std::string>> names = {{"model.embed_tokens.", "tok_embeddings."},
                                                                    {"lm_head.", "output."},
                                                                    {"model.norm.", "norm."},
                                                                    {"model.layers.0.input_layernorm.", "layers.0.attention_norm."},
                                                                    {"model.layers.0.self_attn.q_proj.", "layers.0.attention.wq."},
                                                                    {"model.layers.0.self_attn.k_proj.", "layers.0.attention.wk."},
                                                                    {"model.layers.0.self_attn.v_proj.", "layers.0.attention.wv."},
                                                                    {"model.layers.0.self_attn.o_proj.", "layers.0.attention.wo."},
                                                                    {"model.layers.0.post_attention_layernorm.", "layers.0.ffn_norm."},
                                                                    {"model.layers.0.mlp.gate_proj.", "layers.0.feed_forward.w1."},
                                                                    {"model.layers.0.mlp.up_proj.", "layers.0.feed_forward.w3."},
                                                                    {"model.layers.0.mlp.down_proj.", "layers.0.feed_forward.w2."}};
    const Tensors own = tiny_llama().tensors;
    Tensors tensors;
    for (const auto& [hf, meta] : names) tensors["_orig_mod." + meta + "weight"] = own.at(hf + "weight");
    std::vector<std::pair<std::string, std::string>> storages;
    const std::string state = torch_state(tensors, storages);
    const std::string arguments = pickled_dictionary({{"n_heads", pickled(2)}, {"n_layers", pickled(1)}, {"max_seq_len", pickled(16)}});
    return torch_file(pickled_dictionary({{"model", state}, {"model_args", arguments}, {"iter_num", pickled(3)}}), storages);
}

}  // namespace mote::testing
