// make_checkpoint: the smallest checkpoints and tokenizers of each kind, in a temporary folder. Tests then break one thing.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mote::testing {

using Json = nlohmann::json;

/// A folder that is gone when the test is over.
class TemporaryFolder {
public:
    TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "mote_test_XXXXXX").string()) {
        if (!mkdtemp(path_.data())) throw std::runtime_error("no temporary folder");
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::string& path() const { return path_; }
    /// Writes a file and returns its path.
    std::string write(const std::string& name, const std::string& bytes) const {
        const std::string file = path_ + "/" + name;
        std::ofstream(file, std::ios::binary) << bytes;
        return file;
    }

private:
    std::string path_;
};

template <class T>
std::string bytes_of(T value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
    return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

/// 0, step, 2 step ...: every element has its own value.
inline std::vector<float> counting(size_t count, float first, float step = 1) {
    std::vector<float> values(count);
    for (size_t i = 0; i < count; i++) values[i] = first + step * static_cast<float>(i);
    return values;
}

// ---- llama2.c

struct Llama2cSizes {
    int32_t dim = 8, hidden = 12, layers = 2, heads = 2, kv_heads = 1, vocab = 5, context = 6;

    std::string header() const { return bytes_of(std::vector<int32_t>{dim, hidden, layers, heads, kv_heads, vocab, context}); }
    size_t head_dim() const { return static_cast<size_t>(dim / heads); }
    size_t kv_dim() const { return head_dim() * static_cast<size_t>(kv_heads); }
};

/// Element counts of one layer's wq wk wv wo w1 w2 w3, in this order.
inline std::vector<size_t> llama2c_matrices(const Llama2cSizes& s) {
    const size_t dim = static_cast<size_t>(s.dim), hidden = static_cast<size_t>(s.hidden);
    return {dim * dim, s.kv_dim() * dim, s.kv_dim() * dim, dim * dim, hidden * dim, dim * hidden, hidden * dim};
}

/// Version 0; element i of the whole data has the value i.
inline std::string llama2c_v0(const Llama2cSizes& s = {}, size_t own_head = 0) {
    const size_t dim = static_cast<size_t>(s.dim), layers = static_cast<size_t>(s.layers);
    size_t floats = static_cast<size_t>(s.vocab < 0 ? -s.vocab : s.vocab) * dim + 2 * layers * dim + dim;
    for (const size_t n : llama2c_matrices(s)) floats += layers * n;
    floats += static_cast<size_t>(s.context) * s.head_dim() + own_head;
    return s.header() + bytes_of(counting(floats, 0));
}

inline std::string llama2c_header(int32_t version, const Llama2cSizes& s, uint8_t shared, const std::string& more = "") {
    std::string header = bytes_of(uint32_t{0x616b3432}) + bytes_of(version) + s.header() + static_cast<char>(shared) + more;
    header.resize(256);
    return header;
}

/// Version 1; element i of the whole data has the value i.
inline std::string llama2c_v1(const Llama2cSizes& s = {}) {
    const size_t dim = static_cast<size_t>(s.dim), layers = static_cast<size_t>(s.layers);
    size_t floats = 2 * layers * dim + dim + static_cast<size_t>(s.vocab) * dim;
    for (const size_t n : llama2c_matrices(s)) floats += layers * n;
    return llama2c_header(1, s, 1) + bytes_of(counting(floats, 0));
}

/// Version 2 with groups of 4; in every matrix byte i is i % 7 - 3 and scale g is (g + 1) / 8.
inline std::string llama2c_v2(const Llama2cSizes& s = {}, uint32_t group = 4) {
    const size_t dim = static_cast<size_t>(s.dim), layers = static_cast<size_t>(s.layers);
    std::string bytes = llama2c_header(2, s, 1, bytes_of(group)) + bytes_of(counting(2 * layers * dim + dim, 0));
    const auto matrix = [&](size_t elements) {
        for (size_t i = 0; i < elements; i++) bytes += static_cast<char>(static_cast<int>(i % 7) - 3);
        for (size_t g = 0; g < elements / 4; g++) bytes += bytes_of(static_cast<float>(g + 1) / 8);
    };
    matrix(static_cast<size_t>(s.vocab) * dim);
    for (const size_t n : llama2c_matrices(s))
        for (size_t layer = 0; layer < layers; layer++) matrix(n);
    return bytes;
}

// ---- safetensors

/// A header's text and the data behind it, with the length in front.
inline std::string safetensors(const std::string& header, const std::string& data) {
    return bytes_of(uint64_t{header.size()}) + header + data;
}

struct TestTensor {
    std::string dtype = "F32";
    std::vector<uint64_t> shape;
    std::string bytes;
};

inline TestTensor f32_tensor(std::vector<uint64_t> shape, float first) {
    size_t count = 1;
    for (const uint64_t n : shape) count *= n;
    return {"F32", std::move(shape), bytes_of(counting(count, first, 0.25f))};
}

using Tensors = std::map<std::string, TestTensor>;

inline std::string safetensors(const Tensors& tensors) {
    Json header = Json::object();
    std::string data;
    for (const auto& [name, tensor] : tensors) {
        header[name] = {
            {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
        data += tensor.bytes;
    }
    return safetensors(header.dump(), data);
}

// ---- Hugging Face folders

struct HfModel {
    Json config;
    Tensors tensors;

    /// Writes config.json and model.safetensors; returns the folder.
    std::string write(const TemporaryFolder& folder) const {
        folder.write("config.json", config.dump());
        folder.write("model.safetensors", safetensors(tensors));
        return folder.path();
    }
};

/// dim 4, 1 layer, 2 heads that share 1 key head, hidden 6, vocab 3; untied.
inline HfModel tiny_llama() {
    HfModel m;
    m.config = {{"model_type", "llama"},    {"hidden_size", 4},       {"num_hidden_layers", 1}, {"num_attention_heads", 2},
                {"num_key_value_heads", 1}, {"intermediate_size", 6}, {"vocab_size", 3},        {"max_position_embeddings", 16},
                {"rms_norm_eps", 1e-6},     {"rope_theta", 10000.0},  {"hidden_act", "silu"},   {"tie_word_embeddings", false}};
    const std::string layer = "model.layers.0.";
    m.tensors = {{"model.embed_tokens.weight", f32_tensor({3, 4}, 1)},
                 {"lm_head.weight", f32_tensor({3, 4}, 2)},
                 {"model.norm.weight", f32_tensor({4}, 3)},
                 {layer + "input_layernorm.weight", f32_tensor({4}, 4)},
                 {layer + "self_attn.q_proj.weight", f32_tensor({4, 4}, 5)},
                 {layer + "self_attn.k_proj.weight", f32_tensor({2, 4}, 6)},
                 {layer + "self_attn.v_proj.weight", f32_tensor({2, 4}, 7)},
                 {layer + "self_attn.o_proj.weight", f32_tensor({4, 4}, 8)},
                 {layer + "post_attention_layernorm.weight", f32_tensor({4}, 9)},
                 {layer + "mlp.gate_proj.weight", f32_tensor({6, 4}, 10)},
                 {layer + "mlp.up_proj.weight", f32_tensor({6, 4}, 11)},
                 {layer + "mlp.down_proj.weight", f32_tensor({4, 6}, 12)}};
    return m;
}

/// dim 2, 1 layer, 1 head, vocab 3, names with the prefix.
inline HfModel tiny_gpt2() {
    HfModel m;
    m.config = {{"model_type", "gpt2"}, {"n_embd", 2},        {"n_layer", 1},   {"n_head", 1},
                {"n_positions", 4},     {"n_inner", nullptr}, {"vocab_size", 3}};
    const std::string t = "transformer.", layer = "transformer.h.0.";
    m.tensors = {{t + "wte.weight", f32_tensor({3, 2}, 1)},
                 {t + "wpe.weight", f32_tensor({4, 2}, 2)},
                 {t + "ln_f.weight", f32_tensor({2}, 3)},
                 {t + "ln_f.bias", f32_tensor({2}, 4)},
                 {layer + "ln_1.weight", f32_tensor({2}, 5)},
                 {layer + "ln_1.bias", f32_tensor({2}, 6)},
                 {layer + "attn.c_attn.weight", f32_tensor({2, 6}, 100)},
                 {layer + "attn.c_attn.bias", f32_tensor({6}, 200)},
                 {layer + "attn.c_proj.weight", f32_tensor({2, 2}, 300)},
                 {layer + "attn.c_proj.bias", f32_tensor({2}, 7)},
                 {layer + "ln_2.weight", f32_tensor({2}, 8)},
                 {layer + "ln_2.bias", f32_tensor({2}, 9)},
                 {layer + "mlp.c_fc.weight", f32_tensor({2, 8}, 400)},
                 {layer + "mlp.c_fc.bias", f32_tensor({8}, 10)},
                 {layer + "mlp.c_proj.weight", f32_tensor({8, 2}, 500)},
                 {layer + "mlp.c_proj.bias", f32_tensor({2}, 11)}};
    return m;
}

// ---- tokenizers

struct ScoredText {
    std::string text;
    float score;
};

/// tokenizer.bin: unknown, begin, end, 256 bytes, then `pieces`.
inline std::string llama2c_tokenizer(const std::vector<ScoredText>& pieces, int32_t longest = 16) {
    std::vector<ScoredText> all = {{"<unk>", 0}, {"\n<s>\n", 0}, {"\n</s>\n", 0}};
    for (int byte = 0; byte < 256; byte++) {
        char name[8];
        std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte));
        all.push_back({name, 0});
    }
    all.insert(all.end(), pieces.begin(), pieces.end());
    std::string bytes = bytes_of(longest);
    for (const ScoredText& piece : all)
        bytes += bytes_of(piece.score) + bytes_of(static_cast<int32_t>(piece.text.size())) + piece.text;
    return bytes;
}

inline Json special_token(uint32_t id, const std::string& content) {
    return {{"id", id},        {"content", content},   {"special", true},    {"lstrip", false},
            {"rstrip", false}, {"single_word", false}, {"normalized", false}};
}

/// A SentencePiece-like tokenizer.json: <unk> 0, <s> 1, </s> 2, U+2581 3, a 4, b 5, "ab" 6, U+2581 "ab" 7; begins with <s>.
inline Json marked_tokenizer() {
    const std::string mark = "\xe2\x96\x81";
    return {
        {"version", "1.0"},
        {"truncation", nullptr},
        {"padding", nullptr},
        {"added_tokens", {special_token(0, "<unk>"), special_token(1, "<s>"), special_token(2, "</s>")}},
        {"normalizer",
         {{"type", "Sequence"},
          {"normalizers",
           {{{"type", "Prepend"}, {"prepend", mark}}, {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", mark}}}}}},
        {"pre_tokenizer", nullptr},
        {"post_processor",
         {{"type", "TemplateProcessing"},
          {"single", {{{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}}, {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
          {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {1}}, {"tokens", {"<s>"}}}}}}}},
        {"decoder",
         {{"type", "Sequence"},
          {"decoders",
           {{{"type", "Replace"}, {"pattern", {{"String", mark}}}, {"content", " "}},
            {{"type", "ByteFallback"}},
            {{"type", "Fuse"}},
            {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}}},
        {"model",
         {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", "<unk>"},
          {"fuse_unk", true},
          {"byte_fallback", true},
          {"ignore_merges", false},
          {"vocab", {{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}, {mark, 3}, {"a", 4}, {"b", 5}, {"ab", 6}, {mark + "ab", 7}}},
          {"merges", {"a b", mark + " ab"}}}}};
}

/// The 256 characters that stand for bytes in byte-level vocabularies, by byte.
inline std::vector<std::string> byte_alphabet() {
    std::vector<std::string> alphabet;
    uint32_t next = 256;
    for (uint32_t b = 0; b < 256; b++) {
        const bool visible = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff);
        const uint32_t code = visible ? b : next++;
        if (code < 0x80)
            alphabet.push_back(std::string(1, static_cast<char>(code)));
        else
            alphabet.push_back({static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 0x3f))});
    }
    return alphabet;
}

/// Ids 0 to 255 the bytes, 256 "he", 257 " he", 258 <|endoftext|>.
inline Json byte_level_vocabulary() {
    Json vocab = Json::object();
    const std::vector<std::string> alphabet = byte_alphabet();
    for (size_t b = 0; b < 256; b++) vocab[alphabet[b]] = b;
    vocab["he"] = 256;
    vocab[alphabet[' '] + "he"] = 257;
    vocab["<|endoftext|>"] = 258;
    return vocab;
}

inline Json byte_level_tokenizer() {
    const std::string space = byte_alphabet()[' '];
    return {{"version", "1.0"},
            {"added_tokens", {special_token(258, "<|endoftext|>")}},
            {"normalizer", nullptr},
            {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}}},
            {"post_processor", nullptr},
            {"decoder", {{"type", "ByteLevel"}}},
            {"model",
             {{"type", "BPE"},
              {"vocab", byte_level_vocabulary()},
              {"merges", Json::array({Json::array({"h", "e"}), Json::array({space, "he"})})}}}};
}

}  // namespace mote::testing
