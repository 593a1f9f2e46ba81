// make_gguf: GGUF files part by part, sound or not. Tests then break one thing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gguf/gguf_file.h"
#include "make_checkpoint.h"

namespace mote::testing {

using tools::GgufKind;

inline std::string gguf_text(const std::string& text) { return bytes_of(uint64_t{text.size()}) + text; }

/// Keys and tensors in the order in which they are added.
class GgufBuilder {
public:
    uint32_t version = 3;
    uint64_t alignment = 32;

    GgufBuilder& key(const std::string& name, GgufKind kind, const std::string& value) {
        keys_ += gguf_text(name) + bytes_of(uint32_t(kind)) + value;
        key_count_++;
        return *this;
    }
    GgufBuilder& u32(const std::string& name, uint32_t value) { return key(name, GgufKind::u32, bytes_of(value)); }
    GgufBuilder& f32(const std::string& name, float value) { return key(name, GgufKind::f32, bytes_of(value)); }
    GgufBuilder& flag(const std::string& name, bool value) { return key(name, GgufKind::boolean, bytes_of(uint8_t(value))); }
    GgufBuilder& text(const std::string& name, const std::string& value) { return key(name, GgufKind::string, gguf_text(value)); }
    GgufBuilder& texts(const std::string& name, const std::vector<std::string>& values) {
        std::string bytes;
        for (const std::string& value : values) bytes += gguf_text(value);
        return array(name, GgufKind::string, values.size(), bytes);
    }
    GgufBuilder& f32s(const std::string& name, const std::vector<float>& values) {
        return array(name, GgufKind::f32, values.size(), bytes_of(values));
    }
    GgufBuilder& i32s(const std::string& name, const std::vector<int32_t>& values) {
        return array(name, GgufKind::i32, values.size(), bytes_of(values));
    }
    GgufBuilder& array(const std::string& name, GgufKind element, uint64_t count, const std::string& bytes) {
        return key(name, GgufKind::array, bytes_of(uint32_t(element)) + bytes_of(count) + bytes);
    }

    /// A description alone, whatever the data.
    GgufBuilder& info(const std::string& name, const std::vector<uint64_t>& dims, uint32_t type, uint64_t offset) {
        infos_ += gguf_text(name) + bytes_of(uint32_t(dims.size())) + bytes_of(dims) + bytes_of(type) + bytes_of(offset);
        tensor_count_++;
        return *this;
    }
    /// A tensor behind those before it.
    GgufBuilder& tensor(const std::string& name, const std::vector<uint64_t>& dims, uint32_t type, const std::string& bytes) {
        data_.resize((data_.size() + alignment - 1) / alignment * alignment);
        info(name, dims, type, data_.size());
        data_ += bytes;
        return *this;
    }
    /// float32 elements that count up from `first` in quarters.
    GgufBuilder& floats(const std::string& name, const std::vector<uint64_t>& dims, float first) {
        size_t count = 1;
        for (const uint64_t n : dims) count *= n;
        return tensor(name, dims, 0, bytes_of(counting(count, first, 0.25f)));
    }

    std::string bytes() const {
        std::string file = "GGUF" + bytes_of(version) + bytes_of(tensor_count_) + bytes_of(key_count_) + keys_ + infos_;
        if (tensor_count_) file.resize((file.size() + alignment - 1) / alignment * alignment);
        return file + data_;
    }

private:
    std::string keys_, infos_, data_;
    uint64_t key_count_ = 0, tensor_count_ = 0;
};

inline void add_llama_keys(GgufBuilder& b) {
    b.text("general.architecture", "llama");
    b.u32("llama.embedding_length", 4)
        .u32("llama.block_count", 1)
        .u32("llama.feed_forward_length", 6)
        .u32("llama.context_length", 16);
    b.u32("llama.attention.head_count", 2).u32("llama.attention.head_count_kv", 1);
    b.f32("llama.attention.layer_norm_rms_epsilon", 1e-5f).f32("llama.rope.freq_base", 10000);
}

inline void add_llama_tensors(GgufBuilder& b) {
    b.floats("token_embd.weight", {4, 3}, 1).floats("output.weight", {4, 3}, 2).floats("output_norm.weight", {4}, 3);
    b.floats("blk.0.attn_norm.weight", {4}, 4).floats("blk.0.attn_q.weight", {4, 4}, 5).floats("blk.0.attn_k.weight", {4, 2}, 6);
    b.floats("blk.0.attn_v.weight", {4, 2}, 7)
        .floats("blk.0.attn_output.weight", {4, 4}, 8)
        .floats("blk.0.ffn_norm.weight", {4}, 9);
    b.floats("blk.0.ffn_gate.weight", {4, 6}, 10)
        .floats("blk.0.ffn_up.weight", {4, 6}, 11)
        .floats("blk.0.ffn_down.weight", {6, 4}, 12);
}

/// dim 4, 1 layer, 2 heads that share 1 key head, hidden 6, vocab 3; untied: the tensors of tiny_llama().
inline GgufBuilder tiny_llama_gguf() {
    GgufBuilder b;
    add_llama_keys(b);
    add_llama_tensors(b);
    return b;
}

/// dim 2, 1 layer, 1 head, vocab 3; q, k and v in one tensor.
inline GgufBuilder tiny_gpt2_gguf() {
    GgufBuilder b;
    b.text("general.architecture", "gpt2");
    b.u32("gpt2.embedding_length", 2).u32("gpt2.block_count", 1).u32("gpt2.feed_forward_length", 8).u32("gpt2.context_length", 4);
    b.u32("gpt2.attention.head_count", 1).f32("gpt2.attention.layer_norm_epsilon", 1e-5f);
    b.floats("token_embd.weight", {2, 3}, 1).floats("position_embd.weight", {2, 4}, 2);
    b.floats("output_norm.weight", {2}, 3).floats("output_norm.bias", {2}, 4);
    b.floats("blk.0.attn_norm.weight", {2}, 5).floats("blk.0.attn_norm.bias", {2}, 6);
    b.floats("blk.0.attn_qkv.weight", {2, 6}, 100).floats("blk.0.attn_qkv.bias", {6}, 200);
    b.floats("blk.0.attn_output.weight", {2, 2}, 300).floats("blk.0.attn_output.bias", {2}, 7);
    b.floats("blk.0.ffn_norm.weight", {2}, 8).floats("blk.0.ffn_norm.bias", {2}, 9);
    b.floats("blk.0.ffn_up.weight", {2, 8}, 400).floats("blk.0.ffn_up.bias", {8}, 10);
    b.floats("blk.0.ffn_down.weight", {8, 2}, 500).floats("blk.0.ffn_down.bias", {2}, 11);
    return b;
}

/// SentencePiece-like: <unk> 0, <s> 1, </s> 2, the bytes from 3, U+2581 259, a 260, b 261, "ab" 262, U+2581 "ab" 263.
inline void add_scored_tokenizer(GgufBuilder& b) {
    std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
    std::vector<int32_t> types = {2, 3, 3};
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[8];
        std::snprintf(name, sizeof name, "<0x%02X>", byte);
        tokens.push_back(name);
        types.push_back(6);
    }
    const std::string mark = "\xe2\x96\x81";
    for (const std::string& piece : {mark, std::string("a"), std::string("b"), std::string("ab"), mark + "ab"})
        tokens.push_back(piece);
    types.resize(tokens.size(), 1);
    std::vector<float> scores(tokens.size(), 0);
    for (size_t id = 259; id < tokens.size(); id++) scores[id] = -float(id - 258);
    b.text("tokenizer.ggml.model", "llama").texts("tokenizer.ggml.tokens", tokens);
    b.f32s("tokenizer.ggml.scores", scores).i32s("tokenizer.ggml.token_type", types);
    b.u32("tokenizer.ggml.bos_token_id", 1).u32("tokenizer.ggml.eos_token_id", 2).u32("tokenizer.ggml.unknown_token_id", 0);
}

/// Byte-level: the bytes, 256 "he", 257 " he", 258 <|endoftext|>.
inline void add_byte_level_tokenizer(GgufBuilder& b) {
    std::vector<std::string> tokens = byte_alphabet();
    const std::string space = tokens[' '];
    tokens.insert(tokens.end(), {"he", space + "he", "<|endoftext|>"});
    std::vector<int32_t> types(259, 1);
    types[258] = 3;
    b.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "gpt-2").texts("tokenizer.ggml.tokens", tokens);
    b.i32s("tokenizer.ggml.token_type", types).texts("tokenizer.ggml.merges", {"h e", space + " he"});
    b.u32("tokenizer.ggml.bos_token_id", 258).u32("tokenizer.ggml.eos_token_id", 258);
}

}  // namespace mote::testing
