// Hugging Face folders: families, names, transposes, and config.json against the tensors.
#include <gtest/gtest.h>
#include <cmath>
#include <limits>

#include "import/import.h"
#include "make_checkpoint.h"
#include "opened_tokenizer.h"
#include "refusal.h"

namespace mote::tools {
namespace {

using testing::bytes_of;
using testing::expect_refusal;
using testing::f32_tensor;
using testing::HfModel;
using testing::Json;
using testing::OpenedTokenizer;
using testing::TemporaryFolder;
using testing::tiny_gpt2;
using testing::tiny_llama;

Weights import(const HfModel& model, const ImportOptions& options = {}) {
    const TemporaryFolder folder;
    return import_checkpoint(model.write(folder), options);
}

std::vector<float> values(const Weights& weights, Role role) { return weights.tensors.at({role, 0}).values(); }

std::string notes(const Weights& weights) {
    std::string all;
    for (const std::string& note : weights.notes) all += note + "\n";
    return all;
}

const std::string layer = "model.layers.0.";

HfModel tiny_qwen2() {
    HfModel m = tiny_llama();
    m.config["model_type"] = "qwen2";
    m.tensors[layer + "self_attn.q_proj.bias"] = f32_tensor({4}, 1);
    m.tensors[layer + "self_attn.k_proj.bias"] = f32_tensor({2}, 2);
    m.tensors[layer + "self_attn.v_proj.bias"] = f32_tensor({2}, 3);
    return m;
}

TEST(hf, reads_llama) {
    const Weights w = import(tiny_llama());
    EXPECT_EQ(w.tensors.size(), 12u);
    EXPECT_EQ(w.architecture.norm, Norm::rms);
    EXPECT_EQ(w.architecture.norm_eps, 1e-6f);
    EXPECT_EQ(w.architecture.rope_pairing, RopePairing::halves);
    EXPECT_EQ(w.architecture.head_dim, 2u);
    EXPECT_EQ(w.architecture.attention_scale, 1.0f / std::sqrt(2.0f));
    EXPECT_EQ(w.architecture.block[0][1].work, Work::gated);
    EXPECT_EQ(values(w, Role::token_embedding)[11], 1 + 11 * 0.25f);
    EXPECT_EQ(values(w, Role::head)[0], 2.0f);
    EXPECT_EQ(values(w, Role::k).size(), 8u);
    EXPECT_EQ(values(w, Role::down)[23], 12 + 23 * 0.25f);
    EXPECT_EQ(w.tensors.at({Role::down, 0}).rows, 4u);
    EXPECT_EQ(w.rope_frequencies, std::vector<uint32_t>{683565276});
}

TEST(hf, reads_names_without_the_prefix) {
    HfModel m = tiny_llama();
    testing::Tensors bare;
    for (const auto& [name, tensor] : m.tensors) bare[name.rfind("model.", 0) == 0 ? name.substr(6) : name] = tensor;
    m.tensors = bare;
    EXPECT_EQ(import(m).tensors.size(), 12u);
}

TEST(hf, takes_head_dim_from_the_config_or_from_the_width) {
    HfModel m = tiny_llama();
    m.config["head_dim"] = 4;
    m.tensors[layer + "self_attn.q_proj.weight"] = f32_tensor({8, 4}, 0);
    m.tensors[layer + "self_attn.k_proj.weight"] = f32_tensor({4, 4}, 0);
    m.tensors[layer + "self_attn.v_proj.weight"] = f32_tensor({4, 4}, 0);
    m.tensors[layer + "self_attn.o_proj.weight"] = f32_tensor({4, 8}, 0);
    EXPECT_EQ(import(m).architecture.head_dim, 4u);
    m.config.erase("head_dim");
    expect_refusal("E_MISMATCH", {"q_proj", "[8, 4]", "[4, 4]"}, [&] { import(m); });
}

TEST(hf, shares_no_key_heads_where_the_config_is_silent) {
    HfModel m = tiny_llama();
    m.config.erase("num_key_value_heads");
    m.tensors[layer + "self_attn.k_proj.weight"] = f32_tensor({4, 4}, 0);
    m.tensors[layer + "self_attn.v_proj.weight"] = f32_tensor({4, 4}, 0);
    EXPECT_EQ(import(m).architecture.kv_heads, 2u);
}

TEST(hf, ties_the_head_to_the_embedding) {
    HfModel m = tiny_llama();
    m.config["tie_word_embeddings"] = true;
    m.tensors.erase("lm_head.weight");
    const Weights w = import(m);
    EXPECT_EQ(w.tensors.count({Role::head, 0}), 0u);
    EXPECT_EQ(values(w, Role::token_embedding)[0], 1.0f);
}

TEST(hf, takes_a_tied_matrix_by_the_name_of_the_head) {
    HfModel m = tiny_llama();
    m.config["tie_word_embeddings"] = true;
    m.tensors.erase("model.embed_tokens.weight");
    const Weights w = import(m);
    EXPECT_EQ(w.tensors.count({Role::head, 0}), 0u);
    EXPECT_EQ(values(w, Role::token_embedding)[0], 2.0f);
}

TEST(hf, notes_a_tied_head_that_differs) {
    HfModel m = tiny_llama();
    m.config["tie_word_embeddings"] = true;
    EXPECT_NE(notes(import(m)).find("lm_head.weight is not used"), std::string::npos);
    m.tensors["lm_head.weight"] = m.tensors["model.embed_tokens.weight"];
    EXPECT_EQ(notes(import(m)).find("lm_head.weight"), std::string::npos);
}

TEST(hf, wants_a_head_of_its_own_where_none_is_tied) {
    HfModel m = tiny_llama();
    m.tensors.erase("lm_head.weight");
    expect_refusal("E_MISSING", {"lm_head.weight"}, [&] { import(m); });
    m.config.erase("tie_word_embeddings");  // llama's default is untied
    expect_refusal("E_MISSING", {"lm_head.weight"}, [&] { import(m); });
}

TEST(hf, takes_biases_where_the_config_has_them) {
    HfModel m = tiny_llama();
    for (const char* name : {"q", "k", "v", "o"}) {
        const bool wide = *name == 'q' || *name == 'o';
        m.tensors[layer + "self_attn." + name + "_proj.bias"] = f32_tensor({wide ? 4u : 2u}, 1);
    }
    EXPECT_NE(notes(import(m)).find("4 tensors are not used"), std::string::npos);
    m.config["attention_bias"] = true;
    EXPECT_EQ(import(m).tensors.count({Role::o_bias, 0}), 1u);
    m.tensors.erase(layer + "self_attn.o_proj.bias");
    expect_refusal("E_MISSING", {"self_attn.o_proj.bias"}, [&] { import(m); });
}

TEST(hf, reads_qwen2_with_biases_of_q_k_v) {
    HfModel m = tiny_qwen2();
    m.tensors.erase(layer + "self_attn.q_proj.bias");
    expect_refusal("E_MISSING", {"q_proj.bias"}, [&] { import(m); });
    m = tiny_qwen2();
    m.config["use_sliding_window"] = false;
    m.config["layer_types"] = {"full_attention"};
    const Weights w = import(m);
    EXPECT_EQ(values(w, Role::v_bias)[1], 3.25f);
    EXPECT_EQ(w.tensors.count({Role::o_bias, 0}), 0u);
}

TEST(hf, reads_qwen3_with_norms_of_heads) {
    HfModel m = tiny_llama();
    m.config["model_type"] = "qwen3";
    m.config["head_dim"] = 2;
    m.tensors[layer + "self_attn.q_norm.weight"] = f32_tensor({2}, 1);
    m.tensors[layer + "self_attn.k_norm.weight"] = f32_tensor({2}, 2);
    EXPECT_EQ(values(import(m), Role::k_norm)[1], 2.25f);
    m.config.erase("head_dim");  // 128 by default
    expect_refusal("E_MISMATCH", {"[256, 4]"}, [&] { import(m); });
}

TEST(hf, reads_gpt2) {
    const Weights w = import(tiny_gpt2());
    EXPECT_EQ(w.tensors.size(), 20u);
    EXPECT_EQ(w.architecture.norm, Norm::layer);
    EXPECT_EQ(w.architecture.norm_eps, 1e-5f);
    EXPECT_EQ(w.architecture.activation, Activation::gelu_tanh);
    EXPECT_EQ(w.architecture.position, Position::learned);
    EXPECT_EQ(w.architecture.rope_dim, 0u);
    EXPECT_EQ(w.architecture.hidden, 8u);
    EXPECT_EQ(w.architecture.block[0][1].work, Work::dense);
    EXPECT_TRUE(w.rope_frequencies.empty());
    EXPECT_EQ(w.tensors.count({Role::head, 0}), 0u);
}

// c_attn is stored (in 2, out 6) as 100 + i / 4: rows 100 100.25 100.5 ..., 101.5 101.75 ...
TEST(hf, splits_and_turns_the_fused_attention_of_gpt2) {
    const Weights w = import(tiny_gpt2());
    EXPECT_EQ(values(w, Role::q), (std::vector<float>{100, 101.5f, 100.25f, 101.75f}));
    EXPECT_EQ(values(w, Role::k), (std::vector<float>{100.5f, 102, 100.75f, 102.25f}));
    EXPECT_EQ(values(w, Role::v), (std::vector<float>{101, 102.5f, 101.25f, 102.75f}));
    EXPECT_EQ(values(w, Role::q_bias), (std::vector<float>{200, 200.25f}));
    EXPECT_EQ(values(w, Role::v_bias), (std::vector<float>{201, 201.25f}));
    EXPECT_EQ(values(w, Role::o), (std::vector<float>{300, 300.5f, 300.25f, 300.75f}));
    EXPECT_EQ(values(w, Role::up)[1], 402.0f);    // row 0: outputs of input 0 and 1, 8 apart
    EXPECT_EQ(values(w, Role::down)[1], 500.5f);  // row 0: inputs 0 and 1, 2 apart
    EXPECT_EQ(w.tensors.at({Role::up, 0}).rows, 8u);
    EXPECT_EQ(w.tensors.at({Role::down, 0}).rows, 2u);
}

TEST(hf, skips_buffers_that_hold_no_weights) {
    HfModel m = tiny_gpt2();
    m.tensors["transformer.h.0.attn.bias"] = {"BOOL", {1, 1, 4, 4}, std::string(16, '\1')};
    m.tensors["transformer.h.0.attn.masked_bias"] = f32_tensor({}, -1e4f);
    EXPECT_EQ(notes(import(m)).find("not used"), std::string::npos);
    HfModel llama = tiny_llama();
    llama.tensors[layer + "self_attn.rotary_emb.inv_freq"] = f32_tensor({1}, 1);
    EXPECT_EQ(notes(import(llama)).find("not used"), std::string::npos);
}

TEST(hf, notes_tensors_it_does_not_know) {
    HfModel m = tiny_llama();
    m.tensors["score.weight"] = f32_tensor({2}, 1);
    EXPECT_NE(notes(import(m)).find("1 tensors are not used: score.weight"), std::string::npos);
}

TEST(hf, refuses_scales_of_weights) {
    for (const char* name : {"model.layers.0.self_attn.q_proj.weight_scale", "lm_head.weight_scale_inv"}) {
        HfModel m = tiny_llama();
        m.tensors[name] = f32_tensor({1}, 1);
        expect_refusal("E_UNSUPPORTED", {name + std::string(name).find('.') + 1}, [&] { import(m); });
    }
    HfModel m = tiny_llama();
    m.tensors["model.other_scale"] = f32_tensor({1}, 1);
    EXPECT_NO_THROW(import(m));
}

TEST(hf, refuses_a_missing_tensor_by_name) {
    for (const auto& [name, tensor] : tiny_llama().tensors) {
        HfModel m = tiny_llama();
        m.tensors.erase(name);
        expect_refusal("E_MISSING", {name.c_str()}, [&] { import(m); });
    }
}

TEST(hf, refuses_shapes_that_disagree_with_the_config) {
    HfModel m = tiny_llama();
    m.config["vocab_size"] = 4;
    expect_refusal("E_MISMATCH", {"embed_tokens", "[3, 4]", "[4, 4]"}, [&] { import(m); });
    m = tiny_llama();
    m.tensors["model.norm.weight"] = f32_tensor({5}, 1);
    expect_refusal("E_MISMATCH", {"model.norm.weight", "[5]", "[4]"}, [&] { import(m); });
}

TEST(hf, refuses_tensors_with_another_number_of_dimensions) {
    HfModel m = tiny_llama();
    m.tensors["model.norm.weight"] = f32_tensor({}, 1);
    expect_refusal("E_SHAPE", {"model.norm.weight", "[]", "[4]"}, [&] { import(m); });
    m = tiny_llama();
    m.tensors[layer + "mlp.up_proj.weight"] = f32_tensor({24}, 1);
    expect_refusal("E_SHAPE", {"up_proj", "[24]", "[6, 4]"}, [&] { import(m); });
}

TEST(hf, refuses_weights_that_are_not_numbers) {
    HfModel m = tiny_llama();
    std::string& bytes = m.tensors["model.norm.weight"].bytes;
    bytes.replace(8, 4, bytes_of(std::numeric_limits<float>::quiet_NaN()));
    expect_refusal("E_NONFINITE", {"model.norm.weight", "1 of 4", "index 2"}, [&] { values(import(m), Role::final_norm); });
    ImportOptions options;
    options.allow_nonfinite = true;
    EXPECT_TRUE(std::isnan(values(import(m, options), Role::final_norm)[2]));
}

TEST(hf, refuses_families_it_does_not_know_by_name) {
    for (const char* type : {"bert", "t5", "mixtral", "gemma"}) {
        HfModel m = tiny_llama();
        m.config["model_type"] = type;
        expect_refusal("E_UNSUPPORTED", {"model_type", type, "llama, mistral, qwen2, qwen3, gpt2"}, [&] { import(m); });
    }
}

TEST(hf, refuses_settings_that_change_the_model) {
    const struct {
        const char* type;
        const char* key;
        Json value;
    } settings[] = {
        {"llama", "quantization_config", {{"bits", 4}}},
        {"llama", "partial_rotary_factor", 0.5},
        {"qwen3", "layer_types", {"full_attention", "linear_attention"}},
        {"llama", "hidden_act", "relu2"},
        {"llama", "rope_scaling", {{"rope_type", "yarn"}}},
    };
    for (const auto& s : settings) {
        HfModel m = tiny_llama();
        m.config["model_type"] = s.type;
        m.config["head_dim"] = 2;
        m.config[s.key] = s.value;
        expect_refusal("E_UNSUPPORTED", {"config.json", s.key}, [&] { import(m); });
    }
    for (const auto& [key, value] : {std::pair("scale_attn_weights", false), std::pair("scale_attn_by_inverse_layer_idx", true),
                                     std::pair("add_cross_attention", true)}) {
        HfModel m = tiny_gpt2();
        m.config[key] = value;
        expect_refusal("E_UNSUPPORTED", {key}, [&] { import(m); });
    }
}

// Attention over the last 8 tokens is full attention in a context of 8.
TEST(hf, cuts_the_context_to_a_window) {
    HfModel m = tiny_llama();
    m.config["model_type"] = "mistral";
    EXPECT_EQ(import(m).architecture.context, 16u);
    m.config["sliding_window"] = 16;
    EXPECT_EQ(import(m).architecture.context, 16u);
    EXPECT_EQ(notes(import(m)).find("sliding_window"), std::string::npos);
    m.config["sliding_window"] = 8;
    EXPECT_EQ(import(m).architecture.context, 8u);
    EXPECT_NE(notes(import(m)).find("sliding_window: the context of 16 tokens is cut to 8"), std::string::npos);
    m.config["sliding_window"] = 0;
    expect_refusal("E_SHAPE", {"context is 0"}, [&] { import(m); });
}

TEST(hf, looks_for_a_window_in_qwen_only_if_it_is_used) {
    HfModel m = tiny_qwen2();
    m.config["sliding_window"] = 8;
    EXPECT_EQ(import(m).architecture.context, 16u);
    m.config["layer_types"] = {"full_attention"};
    EXPECT_EQ(import(m).architecture.context, 16u);
    m.config["layer_types"] = {"sliding_attention"};
    EXPECT_EQ(import(m).architecture.context, 8u);
    m.config.erase("layer_types");
    m.config["use_sliding_window"] = true;
    EXPECT_EQ(import(m).architecture.context, 8u);
    m.config.erase("sliding_window");
    expect_refusal("E_MISSING", {"sliding_window"}, [&] { import(m); });
}

TEST(hf, knows_activations_by_their_names) {
    const std::pair<const char*, Activation> names[] = {{"gelu_new", Activation::gelu_tanh},
                                                        {"gelu_pytorch_tanh", Activation::gelu_tanh},
                                                        {"gelu", Activation::gelu_erf},
                                                        {"relu", Activation::relu},
                                                        {"silu", Activation::silu}};
    for (const auto& [name, activation] : names) {
        HfModel m = tiny_gpt2();
        m.config["activation_function"] = name;
        EXPECT_EQ(import(m).architecture.activation, activation) << name;
    }
}

TEST(hf, reads_rope_of_both_spellings) {
    HfModel m = tiny_llama();
    m.config["rope_scaling"] = {{"type", "linear"}, {"factor", 2.0}};
    EXPECT_EQ(import(m).rope_frequencies, std::vector<uint32_t>{341782638});
    m = tiny_llama();
    m.config["rope_parameters"] = {{"rope_type", "linear"}, {"factor", 2.0}, {"rope_theta", 500000.0}};
    EXPECT_EQ(import(m).rope_frequencies, std::vector<uint32_t>{341782638});
}

TEST(hf, refuses_a_config_that_is_none) {
    const TemporaryFolder folder;
    folder.write("config.json", "[]");
    expect_refusal("E_TYPE", {"must be an object"}, [&] { import_checkpoint(folder.path()); });
    folder.write("config.json", "");
    expect_refusal("E_EMPTY", {"config.json"}, [&] { import_checkpoint(folder.path()); });
    folder.write("config.json", "{}" + std::string(1 << 20, ' '));
    expect_refusal("E_LIMIT", {"1048576"}, [&] { import_checkpoint(folder.path()); });
}

TEST(hf, refuses_sizes_of_the_wrong_kind) {
    HfModel m = tiny_llama();
    m.config["hidden_size"] = 4.0;
    expect_refusal("E_TYPE", {"hidden_size", "integer"}, [&] { import(m); });
    m = tiny_llama();
    m.config.erase("num_hidden_layers");
    expect_refusal("E_MISSING", {"num_hidden_layers"}, [&] { import(m); });
    m = tiny_llama();
    m.config["num_attention_heads"] = 0;
    expect_refusal("E_SHAPE", {"0 heads"}, [&] { import(m); });
    m = tiny_llama();
    m.config["num_attention_heads"] = 3;
    expect_refusal("E_SHAPE", {"4 columns", "3 heads"}, [&] { import(m); });
    m = tiny_llama();
    m.config["rms_norm_eps"] = 0;
    expect_refusal("E_RANGE", {"epsilon"}, [&] { import(m); });
    m = tiny_llama();
    m.config["rope_theta"] = -1;
    expect_refusal("E_RANGE", {"rope_theta"}, [&] { import(m); });
}

TEST(hf, refuses_sizes_beyond_the_limits_before_it_allocates) {
    const std::pair<const char*, uint64_t> sizes[] = {{"hidden_size", 1u << 16},
                                                      {"num_hidden_layers", 1u << 11},
                                                      {"intermediate_size", 1u << 18},
                                                      {"vocab_size", 1u << 25},
                                                      {"num_attention_heads", 1u << 16}};
    for (const auto& [key, value] : sizes) {
        HfModel m = tiny_llama();
        m.config[key] = value;
        m.config["head_dim"] = 2;
        expect_refusal("E_LIMIT", {"at most"}, [&] { import(m); });
    }
    HfModel m = tiny_gpt2();
    m.config["n_positions"] = 65536;
    expect_refusal("E_LIMIT", {"context", "65536", "65535"}, [&] { import(m); });
}

TEST(hf, cuts_a_rope_context_that_is_too_long) {
    HfModel m = tiny_llama();
    m.config["max_position_embeddings"] = 131072;
    const Weights w = import(m);
    EXPECT_EQ(w.architecture.context, 65535u);
    EXPECT_NE(notes(w).find("131072"), std::string::npos);
}

TEST(hf, refuses_a_folder_without_weights_or_configuration) {
    const TemporaryFolder folder;
    expect_refusal("E_MISSING", {"model.safetensors", "pytorch_model.bin"}, [&] { import_checkpoint(folder.path()); });
    folder.write("model.safetensors", testing::safetensors(tiny_llama().tensors));
    expect_refusal("E_MISSING", {"num_attention_heads", "--heads N", "--config FILE"}, [&] { import_checkpoint(folder.path()); });
}

TEST(hf, refuses_pickles_from_before_zip_files) {
    const TemporaryFolder folder;
    folder.write("config.json", tiny_llama().config.dump());
    folder.write("pytorch_model.bin", std::string("\x80\x02\x8a\x0a", 4) + "l\xfc\x9c" + "F\xf9 j\xa8P\x19.");
    expect_refusal("E_UNSUPPORTED", {"pytorch_model.bin", "before version 1.6", "save it again"},
                   [&] { import_checkpoint(folder.path()); });
}

// A tiny_llama() of so many tokens.
HfModel with_tokens(uint64_t tokens) {
    HfModel m = tiny_llama();
    m.config["vocab_size"] = tokens;
    m.tensors["model.embed_tokens.weight"] = f32_tensor({tokens, 4}, 1);
    m.tensors["lm_head.weight"] = f32_tensor({tokens, 4}, 1);
    return m;
}

TEST(hf, takes_the_tokenizer_of_the_folder) {
    EXPECT_NE(notes(import(tiny_llama())).find("no tokenizer"), std::string::npos);
    const TemporaryFolder folder;
    folder.write("tokenizer.json", testing::marked_tokenizer().dump());
    expect_refusal("E_MISMATCH", {"8 tokens", "model 3"}, [&] { import_checkpoint(tiny_llama().write(folder)); });
    HfModel m = with_tokens(10);
    m.config["eos_token_id"] = 2;
    const Weights w = import_checkpoint(m.write(folder));
    EXPECT_EQ(w.tokenizer->pieces.size(), 8u);
    EXPECT_EQ(w.tokenizer->bos, 1u);
    EXPECT_EQ(w.tokenizer->eos, 2u);
    EXPECT_NE(notes(w).find("8 tokens, the model 10"), std::string::npos);
}

TEST(hf, leaves_out_control_tokens_that_the_model_has_no_rows_for) {
    const TemporaryFolder folder;
    Json tokenizer = testing::marked_tokenizer();
    const auto add = [&](uint64_t id, const std::string& text, bool special) {
        tokenizer["added_tokens"].push_back({{"id", id}, {"content", text}, {"special", special}, {"single_word", false}, {"lstrip", true},
                                             {"rstrip", false}, {"normalized", false}});
        folder.write("tokenizer.json", tokenizer.dump());
    };
    add(8, "<pad>", true);
    const Weights w = import_checkpoint(with_tokens(8).write(folder));
    EXPECT_EQ(w.tokenizer->pieces.size(), 8u);
    EXPECT_NE(notes(w).find("\"<pad>\" is left out: it is none of the model's 8"), std::string::npos) << notes(w);
    const OpenedTokenizer opened(*w.tokenizer);
    EncodeOptions options;
    options.parse_special = true;
    for (const uint32_t id : opened.encode(" <pad>", options)) EXPECT_LT(id, 8u);

    expect_refusal("E_MISMATCH", {"9 tokens", "model 7"}, [&] { import_checkpoint(with_tokens(7).write(folder)); });  // a piece is beyond
    folder.write("tokenizer_config.json", Json{{"eos_token", "<pad>"}}.dump());
    expect_refusal("E_MISMATCH", {"9 tokens", "model 8"}, [&] { import_checkpoint(with_tokens(8).write(folder)); });
    folder.write("tokenizer_config.json", "{}");
    add(9, "word", false);
    expect_refusal("E_MISMATCH", {"10 tokens", "model 8"}, [&] { import_checkpoint(with_tokens(8).write(folder)); });
}

TEST(hf, takes_the_tokenizer_beside_a_file_that_has_its_configuration_there) {
    const TemporaryFolder folder, elsewhere;
    folder.write("tokenizer.json", testing::marked_tokenizer().dump());
    const HfModel m = with_tokens(10);
    const std::string file = m.write(folder) + "/model.safetensors";
    EXPECT_EQ(import_checkpoint(file).tokenizer->pieces.size(), 8u);

    Json map = Json::object();
    for (const auto& [name, tensor] : m.tensors) map[name] = "model.safetensors";
    const std::string index = folder.write("model.safetensors.index.json", Json{{"weight_map", map}}.dump());
    EXPECT_EQ(import_checkpoint(index).tokenizer->pieces.size(), 8u);

    ImportOptions other;
    other.tokenizer = elsewhere.write("tokenizer.bin", testing::llama2c_tokenizer({{"a", -1}, {"b", -2}}));
    expect_refusal("E_MISMATCH", {"tokenizer.bin", "model 10"}, [&] { import_checkpoint(file, other); });
    expect_refusal("E_MISMATCH", {"tokenizer.bin", "model 10"}, [&] { import_checkpoint(index, other); });
    folder.write("tokenizer.json", "{");
    expect_refusal("E_SYNTAX", {"tokenizer.json"}, [&] { import_checkpoint(file); });
}

// Then nothing says that they belong together.
TEST(hf, leaves_a_tokenizer_beside_a_file_whose_configuration_is_elsewhere) {
    const TemporaryFolder folder, elsewhere;
    folder.write("tokenizer.json", testing::marked_tokenizer().dump());
    const HfModel m = with_tokens(10);
    const std::string file = m.write(folder) + "/model.safetensors";
    ImportOptions options;
    options.config = elsewhere.write("config.json", m.config.dump());
    const Weights w = import_checkpoint(file, options);
    EXPECT_FALSE(w.tokenizer);
    EXPECT_NE(notes(w).find("no tokenizer"), std::string::npos);
}

}  // namespace
}  // namespace mote::tools
