// GGUF models: the roles of each family, the rules of rope, files in parts, and what is refused.
#include "import/gguf.h"

#include <gtest/gtest.h>

#include <cmath>

#include "import/import.h"
#include "import/rope.h"
#include "make_gguf.h"
#include "refusal.h"
#include "shared_data.h"

namespace mote::tools {
namespace {

using testing::add_byte_level_tokenizer;
using testing::add_llama_keys;
using testing::add_llama_tensors;
using testing::add_scored_tokenizer;
using testing::expect_refusal;
using testing::GgufBuilder;
using testing::TemporaryFolder;

Weights imported(const GgufBuilder& gguf) {
    const TemporaryFolder folder;
    return import_gguf(read_gguf(folder.write("model.gguf", gguf.bytes())), Nonfinite::refused);
}

void expect_refused(const std::string& code, std::initializer_list<const char*> parts, const GgufBuilder& gguf) {
    expect_refusal(code, parts, [&] { imported(gguf); });
}

std::vector<float> values(const Weights& weights, Role role, uint32_t layer = 0) {
    return weights.tensors.at({role, layer}).values();
}

std::vector<float> quarters(size_t count, float first) { return testing::counting(count, first, 0.25f); }

TEST(import_gguf, reads_a_llama) {
    const Weights w = imported(testing::tiny_llama_gguf());
    const Architecture& a = w.architecture;
    EXPECT_EQ(a.dim, 4u);
    EXPECT_EQ(a.heads, 2u);
    EXPECT_EQ(a.kv_heads, 1u);
    EXPECT_EQ(a.head_dim, 2u);
    EXPECT_EQ(a.hidden, 6u);
    EXPECT_EQ(a.vocab, 3u);
    EXPECT_EQ(a.context, 16u);
    EXPECT_EQ(a.norm_eps, 1e-5f);
    EXPECT_EQ(a.activation, Activation::silu);
    EXPECT_EQ(a.rope_pairing, RopePairing::interleaved);
    EXPECT_EQ(w.rope_frequencies, rope_frequencies(2, 10000));
    EXPECT_EQ(w.tensors.size(), 12u);
    EXPECT_EQ(values(w, Role::q), quarters(16, 5));
    EXPECT_EQ(values(w, Role::v), quarters(8, 7));
    EXPECT_EQ(values(w, Role::down), quarters(24, 12));
    EXPECT_EQ(values(w, Role::head), quarters(12, 2));
}

TEST(import_gguf, cuts_the_one_tensor_of_gpt2_into_q_k_and_v) {
    const Weights w = imported(testing::tiny_gpt2_gguf());
    EXPECT_EQ(w.architecture.norm, Norm::layer);
    EXPECT_EQ(w.architecture.activation, Activation::gelu_tanh);
    EXPECT_EQ(w.architecture.position, Position::learned);
    EXPECT_TRUE(w.rope_frequencies.empty());
    EXPECT_EQ(values(w, Role::q), quarters(4, 100));
    EXPECT_EQ(values(w, Role::k), quarters(4, 101));
    EXPECT_EQ(values(w, Role::v), quarters(4, 102));
    EXPECT_EQ(values(w, Role::k_bias), quarters(2, 200.5f));
    EXPECT_EQ(values(w, Role::up), quarters(16, 400));
    EXPECT_EQ(w.tensors.count({Role::head, 0}), 0u);
}

// Qwen's rows are as Hugging Face has them; Llama's are not.
TEST(import_gguf, pairs_the_rows_as_the_family_does) {
    GgufBuilder b;
    b.text("general.architecture", "qwen2");
    b.u32("qwen2.embedding_length", 4)
        .u32("qwen2.block_count", 1)
        .u32("qwen2.feed_forward_length", 6)
        .u32("qwen2.context_length", 16);
    b.u32("qwen2.attention.head_count", 2)
        .u32("qwen2.attention.head_count_kv", 1)
        .f32("qwen2.attention.layer_norm_rms_epsilon", 1e-6f);
    b.f32("qwen2.rope.freq_base", 1000000);
    add_llama_tensors(b);
    b.floats("blk.0.attn_q.bias", {4}, 1).floats("blk.0.attn_k.bias", {2}, 2).floats("blk.0.attn_v.bias", {2}, 3);
    const Weights w = imported(b);
    EXPECT_EQ(w.architecture.rope_pairing, RopePairing::halves);
    EXPECT_EQ(w.rope_frequencies, rope_frequencies(2, 1000000));
    EXPECT_EQ(values(w, Role::k_bias), quarters(2, 2));
}

TEST(import_gguf, takes_the_biases_that_a_llama_has) {
    GgufBuilder b = testing::tiny_llama_gguf();
    b.floats("blk.0.attn_output.bias", {4}, 1);
    EXPECT_EQ(values(imported(b), Role::o_bias), quarters(4, 1));
}

TEST(import_gguf, stores_a_head_that_is_the_embedding_once) {
    GgufBuilder b;
    add_llama_keys(b);
    b.floats("token_embd.weight", {4, 3}, 1).floats("output.weight", {4, 3}, 1);
    GgufBuilder rest = testing::tiny_llama_gguf();
    const TemporaryFolder folder;
    const GgufFile whole = read_gguf(folder.write("a.gguf", rest.bytes()));
    GgufFile tied = read_gguf(folder.write("b.gguf", b.bytes()));
    for (const auto& [name, tensor] : whole.tensors) tied.tensors.emplace(name, tensor);
    const Weights w = import_gguf(tied, Nonfinite::refused);
    EXPECT_EQ(w.tensors.count({Role::head, 0}), 0u);
    ASSERT_EQ(w.notes.size(), 1u);
    EXPECT_NE(w.notes[0].find("output.weight"), std::string::npos);
}

TEST(import_gguf, divides_the_frequencies_of_rope) {
    GgufBuilder linear = testing::tiny_llama_gguf();
    linear.text("llama.rope.scaling.type", "linear").f32("llama.rope.scaling.factor", 4);
    EXPECT_EQ(imported(linear).rope_frequencies, divided_rope_frequencies(2, 10000, {4}));
    GgufBuilder none = testing::tiny_llama_gguf();
    none.text("llama.rope.scaling.type", "none").f32("llama.rope.scaling.factor", 4);
    EXPECT_EQ(imported(none).rope_frequencies, rope_frequencies(2, 10000));
    GgufBuilder table = testing::tiny_llama_gguf();
    table.floats("rope_freqs.weight", {1}, 8);
    EXPECT_EQ(imported(table).rope_frequencies, divided_rope_frequencies(2, 10000, {8}));
}

TEST(import_gguf, refuses_rules_it_does_not_compute) {
    GgufBuilder yarn = testing::tiny_llama_gguf();
    expect_refused("E_UNSUPPORTED", {"rope.scaling.type", "yarn"}, yarn.text("llama.rope.scaling.type", "yarn"));
    GgufBuilder zero = testing::tiny_llama_gguf();
    expect_refused("E_RANGE", {"rope_freqs.weight"}, zero.floats("rope_freqs.weight", {1}, 0));
    GgufBuilder experts = testing::tiny_llama_gguf();
    expect_refused("E_UNSUPPORTED", {"expert"}, experts.u32("llama.expert_count", 8));
    GgufBuilder window = testing::tiny_llama_gguf();
    expect_refused("E_UNSUPPORTED", {"window of 8"}, window.u32("llama.attention.sliding_window", 8));
    GgufBuilder wide = testing::tiny_llama_gguf();
    EXPECT_NO_THROW(imported(wide.u32("llama.attention.sliding_window", 16)));
    GgufBuilder values = testing::tiny_llama_gguf();
    expect_refused("E_UNSUPPORTED", {"key_length"},
                   values.u32("llama.attention.key_length", 2).u32("llama.attention.value_length", 4));
    GgufBuilder more = testing::tiny_llama_gguf();
    expect_refused("E_UNSUPPORTED", {"blk.0.attn_sinks"}, more.floats("blk.0.attn_sinks.weight", {2}, 1));
    GgufBuilder layers;
    layers.text("general.architecture", "llama");
    expect_refused("E_UNSUPPORTED", {"each layer"},
                   layers.array("llama.embedding_length", GgufKind::u32, 1, testing::bytes_of(1u)));
}

TEST(import_gguf, cuts_a_context_that_core_cannot_count) {
    GgufBuilder b;
    b.text("general.architecture", "llama");
    b.u32("llama.embedding_length", 4)
        .u32("llama.block_count", 1)
        .u32("llama.feed_forward_length", 6)
        .u32("llama.context_length", 1u << 20);
    b.u32("llama.attention.head_count", 2)
        .u32("llama.attention.head_count_kv", 1)
        .f32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    add_llama_tensors(b);
    const Weights w = imported(b);
    EXPECT_EQ(w.architecture.context, max_context);
    EXPECT_EQ(w.notes.size(), 1u);
}

TEST(import_gguf, refuses_numbers_that_are_not_finite_when_they_are_read) {
    GgufBuilder b = testing::tiny_llama_gguf();
    b.tensor("blk.0.ffn_down.bias", {4}, 0, testing::bytes_of(std::vector<float>{1, NAN, 2, INFINITY}));
    const Weights w = imported(b);
    expect_refusal("E_NONFINITE", {"blk.0.ffn_down.bias", "2 of 4", "index 1"}, [&] { values(w, Role::down_bias); });
}

TEST(import_gguf, decodes_blocks) {
    GgufBuilder b;
    b.text("general.architecture", "llama");
    b.u32("llama.embedding_length", 32)
        .u32("llama.block_count", 1)
        .u32("llama.feed_forward_length", 1)
        .u32("llama.context_length", 16);
    b.u32("llama.attention.head_count", 1).f32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    std::string rows;
    for (char row = 1; row < 4; row++) rows += std::string("\0\x38", 2) + std::string(32, row);  // a scale of 0.5
    b.tensor("token_embd.weight", {32, 3}, 8, rows).floats("output_norm.weight", {32}, 3);
    b.floats("blk.0.attn_norm.weight", {32}, 4)
        .floats("blk.0.attn_q.weight", {32, 32}, 5)
        .floats("blk.0.attn_k.weight", {32, 32}, 6);
    b.floats("blk.0.attn_v.weight", {32, 32}, 7)
        .floats("blk.0.attn_output.weight", {32, 32}, 8)
        .floats("blk.0.ffn_norm.weight", {32}, 9);
    b.floats("blk.0.ffn_gate.weight", {32, 1}, 10)
        .floats("blk.0.ffn_up.weight", {32, 1}, 11)
        .floats("blk.0.ffn_down.weight", {1, 32}, 12);
    std::vector<float> expected(96, 0.5f);
    for (size_t i = 0; i < 96; i++) expected[i] *= float(1 + i / 32);
    EXPECT_EQ(values(imported(b), Role::token_embedding), expected);
}

// ---- models in parts

GgufBuilder part(uint16_t number, uint16_t count, int32_t tensors) {
    GgufBuilder b;
    b.key("split.no", GgufKind::u16, testing::bytes_of(number)).key("split.count", GgufKind::u16, testing::bytes_of(count));
    b.key("split.tensors.count", GgufKind::i32, testing::bytes_of(tensors));
    return b;
}

TEST(import_gguf, reads_a_model_in_parts) {
    const TemporaryFolder folder;
    GgufBuilder first = part(0, 2, 12), second = part(1, 2, 12);
    add_llama_keys(first);
    add_llama_tensors(second);
    const std::string path = folder.write("m-00001-of-00002.gguf", first.bytes());
    expect_refusal("E_MISSING", {"m-00002-of-00002.gguf"}, [&] { read_gguf_parts(path); });
    const std::string other = folder.write("m-00002-of-00002.gguf", second.bytes());
    EXPECT_EQ(values(import_checkpoint(path), Role::down), quarters(24, 12));
    expect_refusal("E_UNSUPPORTED", {"part 2 of 2", "m-00001-of-00002.gguf"}, [&] { read_gguf_parts(other); });
}

TEST(import_gguf, refuses_parts_that_do_not_belong_together) {
    const TemporaryFolder folder;
    GgufBuilder first = part(0, 2, 13), second = part(1, 2, 13), third = part(2, 3, 13);
    first.floats("token_embd.weight", {4, 3}, 1);
    add_llama_tensors(second);
    const std::string path = folder.write("m-00001-of-00002.gguf", first.bytes());
    folder.write("m-00002-of-00002.gguf", second.bytes());
    expect_refusal("E_DUP", {"token_embd.weight"}, [&] { read_gguf_parts(path); });
    folder.write("m-00002-of-00002.gguf", third.bytes());
    expect_refusal("E_MISMATCH", {"part 2 of 2"}, [&] { read_gguf_parts(path); });
    folder.write("m-00002-of-00002.gguf", part(1, 2, 13).bytes());
    expect_refusal("E_MISMATCH", {"split.tensors.count", "hold 1", "13"}, [&] { read_gguf_parts(path); });
    expect_refusal("E_UNSUPPORTED", {"-00001-of-00002.gguf"}, [&] { read_gguf_parts(folder.write("m.gguf", first.bytes())); });
}

// ---- with a tokenizer

TEST(import_gguf, brings_its_tokenizer) {
    GgufBuilder b = testing::tiny_gpt2_gguf();
    add_byte_level_tokenizer(b);
    const TemporaryFolder folder;
    const std::string file = folder.write("model.gguf", b.bytes());
    expect_refusal("E_MISMATCH", {"259", "3"}, [&] { import_checkpoint(file); });
    ImportOptions options;
    options.tokenizer = file;
    expect_refusal("E_MISMATCH", {"259", "3"}, [&] { import_checkpoint(file, options); });
    EXPECT_FALSE(import_checkpoint(folder.write("bare.gguf", testing::tiny_gpt2_gguf().bytes())).tokenizer);
}

// ---- files that others made

TEST(real_gguf, stories260K_is_the_model_of_llama2c) {
    MOTE_NEEDS("weights/gguf/stories260K_f32.gguf");
    MOTE_NEEDS("weights/llama2c/stories260K.bin");
    const Weights gguf = import_checkpoint(testing::shared_data("weights/gguf/stories260K_f32.gguf"));
    const Weights v0 = import_checkpoint(testing::shared_data("weights/llama2c/stories260K.bin"));
    EXPECT_EQ(gguf.architecture.rope_pairing, v0.architecture.rope_pairing);
    EXPECT_EQ(gguf.architecture.norm_eps, v0.architecture.norm_eps);
    EXPECT_EQ(gguf.rope_frequencies, v0.rope_frequencies);
    ASSERT_EQ(gguf.tensors.size(), v0.tensors.size());
    for (const auto& [key, tensor] : v0.tensors)
        EXPECT_EQ(tensor.values(), gguf.tensors.at(key).values()) << role_name(key.first) << key.second;
    ASSERT_TRUE(gguf.tokenizer);
    EXPECT_EQ(gguf.tokenizer->pieces.size(), 512u);
}

TEST(real_gguf, the_dummy_has_a_value_of_every_kind) {
    MOTE_NEEDS("weights/gguf/dummy.gguf");
    const GgufFile f = read_gguf(testing::shared_data("weights/gguf/dummy.gguf"));
    const auto at = [&](const char* name) -> const GgufValue& { return f.at(std::string("some.parameter.") + name); };
    EXPECT_EQ(at("uint8").integer(255), 18u);
    EXPECT_EQ(at("uint16").integer(UINT16_MAX), 0x1234u);
    EXPECT_EQ(at("uint32").integer(UINT32_MAX), 0x12345678u);
    EXPECT_EQ(at("uint64").integer(UINT64_MAX), 0x123456789abcdef0u);
    EXPECT_EQ(at("int8").number(), -19);
    EXPECT_EQ(at("int16").number(), -4661);
    EXPECT_EQ(at("int32").number(), -305419897);
    EXPECT_EQ(at("int64").number(), -1311768467463790321.0);
    EXPECT_EQ(at("float32").number(), double(0.123456789f));
    EXPECT_EQ(at("float64").number(), 0.12345678901234567890);
    EXPECT_TRUE(at("bool").boolean());
    EXPECT_EQ(at("string").text(), "hello world");
    EXPECT_EQ(at("arr.i16").integers(), (std::vector<int64_t>{1, 2, 3, 4}));
    EXPECT_EQ(at("arr.f32").numbers(), (std::vector<float>{3.145f, 2.718f, 1.414f}));
    EXPECT_EQ(at("arr.str").texts(), (std::vector<std::string>{"hello", "world", "!"}));
    ASSERT_EQ(f.tensors.size(), 10u);
    EXPECT_EQ(f.tensors.at("tensor_6").dims, (std::vector<uint64_t>{4, 5, 3}));
}

TEST(real_gguf, malformed_files_are_refused_each_for_its_reason) {
    const std::tuple<const char*, const char*, const char*> files[] = {
        {"gguf_malformed/bad-version.bin", "E_VERSION", "version 1"},
        {"gguf_malformed/hdr-zero-first-dim.gguf", "E_SHAPE", "token_embd.weight"},
        {"gguf_malformed/huge-counts.bin", "E_LIMIT", "tensors"},
        {"gguf_malformed/kv-huge-strlen.bin", "E_LIMIT", "key"},
        {"gguf_malformed/magic-only.bin", "E_TRUNC", "24"},
        {"gguf_malformed/v3-empty.bin", "E_MISSING", "general.architecture"},
        {"gguf_malformed/valid-small.gguf", "E_MISSING", "embedding_length"},
        {"weights/gguf/dummy-00002-of-00002.gguf", "E_UNSUPPORTED", "-00001-of-00002.gguf"},
        {"tokenizers/llamacpp/ggml-vocab-bert-bge.gguf", "E_UNSUPPORTED", "bert"},
        {"tokenizers/llamacpp/ggml-vocab-gpt-2.gguf", "E_MISSING", "token_embd.weight"},
    };
    for (const auto& [name, code, word] : files) {
        MOTE_NEEDS(name);
        expect_refusal(code, {word}, [&, path = testing::shared_data(name)] { import_checkpoint(path); });
    }
}

}  // namespace
}  // namespace mote::tools
