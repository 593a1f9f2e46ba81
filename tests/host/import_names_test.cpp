// One model under the names of every program: what is read is the same, bit for bit, and so is what it computes.
#include <gtest/gtest.h>

#include <functional>

#include "import/import.h"
#include "make_torch.h"
#include "support/models.h"

namespace mote::tools {
namespace {

using namespace mote::testing;

using Rename = std::function<std::string(const std::string&)>;

Tensors renamed(const Tensors& tensors, const Rename& rename) {
    Tensors result;
    for (const auto& [name, tensor] : tensors) result[rename(name)] = tensor;
    return result;
}

Rename prefixed(const std::string& prefix) {
    return [=](const std::string& name) { return prefix + name; };
}

std::string without(const std::string& prefix, const std::string& name) {
    return name.rfind(prefix, 0) == 0 ? name.substr(prefix.size()) : name;
}

std::string replaced(std::string text, const std::vector<std::pair<std::string, std::string>>& pairs) {
    for (const auto& [from, to] : pairs)
        if (const size_t at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
    return text;
}

// Of the last of three tokens, in floats.
std::vector<float> logits_of(const Weights& weights) {
    const TestModel model = open_test_model(packed_file(weights, "f32"));
    TestSession s = start_test_session(model.model, Options{0, 1, Format::f32, 0});
    const uint32_t tokens[] = {0, 2, 1};
    const Result<Span<float>> logits = step(s.session, tokens, std::size(tokens));
    if (!logits.ok()) throw std::runtime_error(error_sentence(logits.fault.error));
    return {logits.value.data, logits.value.data + logits.value.count};
}

// Rows that pair otherwise, as Meta's files have them, are another computation.
void expect_same(const Weights& read, const Weights& same, RopePairing pairing) {
    if (same.architecture.rope_pairing == pairing) {
        EXPECT_EQ(logits_of(read), logits_of(same));
    }
    Architecture a = read.architecture, b = same.architecture;
    EXPECT_EQ(a.rope_pairing, pairing);
    a.rope_pairing = b.rope_pairing;
    EXPECT_EQ(std::memcmp(&a, &b, sizeof a), 0);
    EXPECT_EQ(read.rope_frequencies, same.rope_frequencies);
    ASSERT_EQ(read.tensors.size(), same.tensors.size());
    for (const auto& [key, tensor] : same.tensors)
        EXPECT_EQ(read.tensors.at(key).values(), tensor.values()) << role_name(key.first) << key.second;
}

Weights import(const HfModel& model) {
    const TemporaryFolder folder;
    return import_checkpoint(model.write(folder));
}

void expect_same(const HfModel& model, const HfModel& same, RopePairing pairing = RopePairing::halves) {
    expect_same(import(model), import(same), pairing);
}

// A training script's file: the tensors under `model`, and its arguments, pickled.
std::string saved_by_a_script(const Tensors& tensors, const std::vector<std::pair<std::string, std::string>>& arguments) {
    std::vector<std::pair<std::string, std::string>> storages;
    const std::string state = torch_state(tensors, storages);
    return torch_file(pickled_dictionary({{"model", state}, {"model_args", pickled_dictionary(arguments)}}), storages);
}

// (in, out) becomes (out, in).
TestTensor turned(const TestTensor& tensor) {
    const size_t rows = size_t(tensor.shape[0]), cols = size_t(tensor.shape[1]);
    TestTensor result = {tensor.dtype, {cols, rows}, std::string(tensor.bytes.size(), '\0')};
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) std::memcpy(&result.bytes[4 * (c * rows + r)], &tensor.bytes[4 * (r * cols + c)], 4);
    return result;
}

// Rows [first, first + count) of a tensor; elements of a vector.
TestTensor rows_of(const TestTensor& tensor, uint64_t first, uint64_t count) {
    TestTensor part = tensor;
    part.shape[0] = count;
    const size_t row = tensor.bytes.size() / size_t(tensor.shape[0]);
    part.bytes = tensor.bytes.substr(size_t(first) * row, size_t(count) * row);
    return part;
}

TestTensor stacked(const std::vector<TestTensor>& parts) {
    TestTensor all = parts[0];
    for (size_t i = 1; i < parts.size(); i++) {
        all.shape[0] += parts[i].shape[0];
        all.bytes += parts[i].bytes;
    }
    return all;
}

// ---- Llama

TEST(names, of_llama_with_any_prefix) {
    for (const char* prefix : {"_orig_mod.", "module.", "module._orig_mod.", "policy.", "base.net."}) {
        HfModel m = tiny_llama();
        m.tensors = renamed(m.tensors, prefixed(prefix));
        expect_same(m, tiny_llama());
    }
    HfModel bare = tiny_llama();
    bare.tensors = renamed(bare.tensors, [](const std::string& name) { return without("model.", name); });
    expect_same(bare, tiny_llama());
}

const std::vector<std::pair<std::string, std::string>> meta_names = {{"model.", ""},
                                                                     {"embed_tokens", "tok_embeddings"},
                                                                     {"lm_head", "output"},
                                                                     {"input_layernorm", "attention_norm"},
                                                                     {"post_attention_layernorm", "ffn_norm"},
                                                                     {"self_attn.q_proj", "attention.wq"},
                                                                     {"self_attn.k_proj", "attention.wk"},
                                                                     {"self_attn.v_proj", "attention.wv"},
                                                                     {"self_attn.o_proj", "attention.wo"},
                                                                     {"mlp.gate_proj", "feed_forward.w1"},
                                                                     {"mlp.up_proj", "feed_forward.w3"},
                                                                     {"mlp.down_proj", "feed_forward.w2"}};

// Meta's folder: its own names, consolidated.00.pth, and params.json without the sizes that the tensors tell.
TEST(names, of_meta_beside_params_json) {
    const TemporaryFolder folder;
    std::vector<std::pair<std::string, std::string>> storages;
    const Tensors tensors = renamed(tiny_llama().tensors, [](const std::string& name) { return replaced(name, meta_names); });
    const std::string state = torch_state(tensors, storages);
    folder.write("consolidated.00.pth", torch_file(state, storages));
    const Json params = {{"dim", 4},         {"n_layers", 1},         {"n_heads", 2},    {"n_kv_heads", 1},
                         {"norm_eps", 1e-6}, {"rope_theta", 10000.0}, {"vocab_size", 3}, {"max_seq_len", 16}};
    folder.write("params.json", params.dump());
    expect_same(import_checkpoint(folder.path()), import(tiny_llama()), RopePairing::interleaved);
}

TEST(names, of_llama_with_fused_matrices) {
    HfModel m = tiny_llama();
    const std::string attention = "model.layers.0.self_attn.", mlp = "model.layers.0.mlp.";
    const auto take = [&](const std::string& name) { return m.tensors.extract(name).mapped(); };
    m.tensors[attention + "qkv_proj.weight"] =
        stacked({take(attention + "q_proj.weight"), take(attention + "k_proj.weight"), take(attention + "v_proj.weight")});
    m.tensors[mlp + "gate_up_proj.weight"] = stacked({take(mlp + "gate_proj.weight"), take(mlp + "up_proj.weight")});
    expect_same(m, tiny_llama());
}

// ---- GPT-2

const Json erf = {{"activation_function", "gelu"}};

HfModel gpt2_with_erf() {
    HfModel m = tiny_gpt2();
    m.config.update(erf);
    return m;
}

TEST(names, of_gpt2_without_the_prefix) {
    HfModel m = tiny_gpt2();
    m.tensors = renamed(m.tensors, [](const std::string& name) { return without("transformer.", name); });
    expect_same(m, tiny_gpt2(), import(tiny_gpt2()).architecture.rope_pairing);
}

// nanoGPT has Linear where Hugging Face has Conv1D, a head that is the embedding, and torch.compile's prefix.
Tensors nanogpt_tensors() {
    Tensors tensors;
    for (const auto& [name, tensor] : tiny_gpt2().tensors) {
        const bool linear = tensor.shape.size() == 2 && name.find(".h.") != std::string::npos;
        tensors[name] = linear ? turned(tensor) : tensor;
    }
    tensors["lm_head.weight"] = tensors.at("transformer.wte.weight");
    return tensors;
}

TEST(names, of_nanogpt_in_its_checkpoint) {
    const std::string yes = "\x88";
    const std::vector<std::pair<std::string, std::string>> arguments = {{"n_layer", pickled(1)},    {"n_head", pickled(1)},
                                                                        {"n_embd", pickled(2)},     {"block_size", pickled(4)},
                                                                        {"vocab_size", pickled(3)}, {"bias", yes}};
    const Weights same = import(gpt2_with_erf());
    for (const char* prefix : {"", "_orig_mod.", "module."}) {
        const TemporaryFolder folder;
        const Tensors tensors = renamed(nanogpt_tensors(), prefixed(prefix));
        const Weights read = import_checkpoint(folder.write("ckpt.pt", saved_by_a_script(tensors, arguments)));
        expect_same(read, same, same.architecture.rope_pairing);
    }
}

// minGPT of 2020: matrices of q, k and v apart, positions as (1, context, dim), and names of its own.
TEST(names, of_the_first_mingpt) {
    const std::vector<std::pair<std::string, std::string>> names = {
        {"transformer.", ""}, {"wte.", "tok_emb."},         {"wpe.weight", "pos_emb"}, {"h.0.", "blocks.0."},  {"ln_1", "ln1"},
        {"ln_2", "ln2"},      {"attn.c_proj", "attn.proj"}, {"mlp.c_fc", "mlp.0"},     {"mlp.c_proj", "mlp.2"}};
    HfModel m = gpt2_with_erf();
    m.tensors = renamed(nanogpt_tensors(), [&](const std::string& name) { return replaced(name, names); });
    m.tensors.at("pos_emb").shape = {1, 4, 2};
    m.tensors["head.weight"] = m.tensors.extract("lm_head.weight").mapped();
    for (const char* kind : {"weight", "bias"}) {
        const TestTensor fused = m.tensors.extract("blocks.0.attn.c_attn." + std::string(kind)).mapped();
        const char* const parts[] = {"query.", "key.", "value."};
        for (uint64_t i = 0; i < 3; i++) m.tensors["blocks.0.attn." + std::string(parts[i]) + kind] = rows_of(fused, 2 * i, 2);
    }
    m.config["tie_word_embeddings"] = true;
    expect_same(m, gpt2_with_erf(), import(gpt2_with_erf()).architecture.rope_pairing);
}

}  // namespace
}  // namespace mote::tools
