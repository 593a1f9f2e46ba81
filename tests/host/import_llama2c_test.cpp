// llama2.c checkpoints: where each tensor lies, and every way a file can be wrong.
#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>
#include <limits>

#include "import/import.h"
#include "make_checkpoint.h"
#include "refusal.h"

namespace mote::tools {
namespace {

using testing::bytes_of;
using testing::expect_refusal;
using testing::Llama2cSizes;
using testing::TemporaryFolder;

Weights import(const std::string& bytes, const ImportOptions& options = {}) {
    const TemporaryFolder folder;
    return import_checkpoint(folder.write("model.bin", bytes), options);
}

const HostTensor& tensor(const Weights& weights, Role role, uint32_t layer = 0) { return weights.tensors.at({role, layer}); }

void expect_counting_from(const HostTensor& t, uint32_t rows, uint32_t cols, float first) {
    EXPECT_EQ(t.rows, rows);
    EXPECT_EQ(t.cols, cols);
    const std::vector<float> values = t.values();
    ASSERT_EQ(values.size(), size_t(rows) * cols);
    EXPECT_EQ(values.front(), first);
    EXPECT_EQ(values.back(), first + float(values.size() - 1));
}

// dim 8, hidden 12, 2 layers, 2 heads of 4, 1 key head, vocab 5, context 6
TEST(llama2c, finds_every_tensor_of_version_0) {
    const Weights w = import(testing::llama2c_v0());
    EXPECT_EQ(w.tensors.size(), 20u);
    expect_counting_from(tensor(w, Role::token_embedding), 5, 8, 0);
    expect_counting_from(tensor(w, Role::attention_norm, 0), 1, 8, 40);
    expect_counting_from(tensor(w, Role::attention_norm, 1), 1, 8, 48);
    expect_counting_from(tensor(w, Role::q, 1), 8, 8, 56 + 64);
    expect_counting_from(tensor(w, Role::k, 0), 4, 8, 184);
    expect_counting_from(tensor(w, Role::v, 1), 4, 8, 248 + 32);
    expect_counting_from(tensor(w, Role::o, 0), 8, 8, 312);
    expect_counting_from(tensor(w, Role::ffn_norm, 1), 1, 8, 440 + 8);
    expect_counting_from(tensor(w, Role::gate, 0), 12, 8, 456);
    expect_counting_from(tensor(w, Role::down, 0), 8, 12, 648);
    expect_counting_from(tensor(w, Role::up, 1), 12, 8, 840 + 96);
    expect_counting_from(tensor(w, Role::final_norm), 1, 8, 1032);
}

TEST(llama2c, describes_the_architecture) {
    const Architecture a = import(testing::llama2c_v0()).architecture;
    EXPECT_EQ(a.dim, 8u);
    EXPECT_EQ(a.layers, 2u);
    EXPECT_EQ(a.heads, 2u);
    EXPECT_EQ(a.kv_heads, 1u);
    EXPECT_EQ(a.head_dim, 4u);
    EXPECT_EQ(a.hidden, 12u);
    EXPECT_EQ(a.vocab, 5u);
    EXPECT_EQ(a.context, 6u);
    EXPECT_EQ(a.norm, Norm::rms);
    EXPECT_EQ(a.norm_eps, 1e-5f);
    EXPECT_EQ(a.activation, Activation::silu);
    EXPECT_EQ(a.position, Position::rope);
    EXPECT_EQ(a.rope_pairing, RopePairing::interleaved);
    EXPECT_EQ(a.rope_dim, 4u);
    EXPECT_EQ(a.attention_scale, 0.5f);
    EXPECT_EQ(a.blocks, 1);
    EXPECT_EQ(a.block[0][0].work, Work::self_attention);
    EXPECT_EQ(a.block[0][1].work, Work::gated);
}

TEST(llama2c, turns_pairs_by_theta_10000) {
    EXPECT_EQ(import(testing::llama2c_v0()).rope_frequencies, (std::vector<uint32_t>{683565276, 6835653}));
}

TEST(llama2c, reads_a_head_of_its_own_behind_the_rope_tables) {
    Llama2cSizes sizes;
    sizes.vocab = -5;
    const Weights w = import(testing::llama2c_v0(sizes, 40));
    EXPECT_EQ(w.architecture.vocab, 5u);
    expect_counting_from(tensor(w, Role::head), 5, 8, 1040 + 6 * 4);
}

TEST(llama2c, finds_every_tensor_of_version_1) {
    const Weights w = import(testing::llama2c_v1());
    EXPECT_EQ(w.tensors.size(), 20u);
    expect_counting_from(tensor(w, Role::attention_norm, 1), 1, 8, 8);
    expect_counting_from(tensor(w, Role::ffn_norm, 0), 1, 8, 16);
    expect_counting_from(tensor(w, Role::final_norm), 1, 8, 32);
    expect_counting_from(tensor(w, Role::token_embedding), 5, 8, 40);
    expect_counting_from(tensor(w, Role::q, 0), 8, 8, 80);
    expect_counting_from(tensor(w, Role::up, 1), 12, 8, 80 + 2 * (64 + 32 + 32 + 64 + 96 + 96) + 96);
}

TEST(llama2c, multiplies_bytes_by_their_group_scale_in_version_2) {
    const Weights w = import(testing::llama2c_v2());
    for (const Role role : {Role::token_embedding, Role::k, Role::down}) {
        const HostTensor& t = tensor(w, role);
        const std::vector<float> values = t.values();
        for (size_t i = 0; i < values.size(); i++)
            ASSERT_EQ(values[i], float(int(i % 7) - 3) * float(i / 4 + 1) / 8) << role_name(role) << " " << i;
    }
    expect_counting_from(tensor(w, Role::final_norm), 1, 8, 32);
}

TEST(llama2c, refuses_a_file_shorter_than_its_header) {
    for (size_t n = 1; n < 28; n++) expect_refusal("E_TRUNC", {"28 bytes"}, [&] { import(testing::llama2c_v0().substr(0, n)); });
    expect_refusal("E_TRUNC", {"256 bytes"}, [] { import(testing::llama2c_v1().substr(0, 255)); });
    expect_refusal("E_TRUNC", {"empty"}, [] { import(""); });
}

TEST(llama2c, refuses_sizes_that_are_not_positive) {
    const char* names[] = {"dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "seq_len"};
    for (size_t field = 0; field < 7; field++)
        for (const int32_t value : {0, -1, std::numeric_limits<int32_t>::min()}) {
            if (field == 5 && value != 0) continue;  // a negative vocabulary means a head of its own
            std::string bytes = testing::llama2c_v0();
            bytes.replace(field * 4, 4, bytes_of(value));
            expect_refusal("E_SHAPE", {names[field], std::to_string(value).c_str(), ("byte " + std::to_string(field * 4)).c_str()},
                           [&] { import(bytes); });
        }
}

TEST(llama2c, refuses_the_vocabulary_that_has_no_opposite) {
    std::string bytes = testing::llama2c_v0();
    bytes.replace(20, 4, bytes_of(std::numeric_limits<int32_t>::min()));
    expect_refusal("E_LIMIT", {"vocab_size", "2147483648"}, [&] { import(bytes); });
}

TEST(llama2c, refuses_a_head_that_is_announced_and_absent) {
    Llama2cSizes sizes;
    sizes.vocab = -5;
    expect_refusal("E_TRUNC", {"the header says"}, [&] { import(testing::llama2c_v0(sizes)); });
}

TEST(llama2c, refuses_heads_that_do_not_divide) {
    std::string bytes = testing::llama2c_v0();
    bytes.replace(12, 4, bytes_of(int32_t{3}));
    expect_refusal("E_SHAPE", {"dim 8", "n_heads 3"}, [&] { import(bytes); });
    bytes.replace(12, 4, bytes_of(int32_t{4}));
    bytes.replace(16, 4, bytes_of(int32_t{3}));
    expect_refusal("E_SHAPE", {"4 heads", "3 kv_heads"}, [&] { import(bytes); });
    bytes.replace(12, 4, bytes_of(int32_t{8}));
    bytes.replace(16, 4, bytes_of(int32_t{8}));
    expect_refusal("E_SHAPE", {"1 elements of a head", "even"}, [&] { import(bytes); });
}

TEST(llama2c, counts_products_beyond_32_bits) {
    Llama2cSizes sizes{32768, 131072, 1024, 128, 128, 1 << 24, 65535};
    expect_refusal("E_TRUNC", {"the header says 72568103107612"}, [&] { import(sizes.header() + std::string(64, '\0')); });
}

TEST(llama2c, refuses_sizes_beyond_the_limits_before_it_allocates) {
    const int32_t too_much[] = {1 << 16, 1 << 18, 1 << 11, 1 << 16, 1 << 16, 1 << 25, 1 << 30};
    for (size_t field = 0; field < 7; field++) {
        std::string bytes = testing::llama2c_v0();
        bytes.replace(field * 4, 4, bytes_of(too_much[field]));
        expect_refusal("E_LIMIT", {std::to_string(too_much[field]).c_str()}, [&] { import(bytes); });
    }
}

TEST(llama2c, refuses_one_float_too_few_and_one_byte_too_many) {
    for (const std::string& whole : {testing::llama2c_v0(), testing::llama2c_v1(), testing::llama2c_v2()}) {
        expect_refusal("E_TRUNC", {std::to_string(whole.size()).c_str()}, [&] { import(whole.substr(0, whole.size() - 4)); });
        expect_refusal("E_TRAILING", {std::to_string(whole.size()).c_str()}, [&] { import(whole + '\0'); });
    }
}

TEST(llama2c, refuses_versions_it_does_not_know) {
    std::string bytes = testing::llama2c_v1();
    for (const int32_t version : {0, 3, -1}) {
        bytes.replace(4, 4, bytes_of(version));
        expect_refusal("E_VERSION", {"byte 4", "0, 1 and 2"}, [&] { import(bytes); });
    }
}

TEST(llama2c, refuses_a_header_whose_padding_is_used) {
    for (const size_t at : {37u, 41u, 255u}) {
        std::string bytes = testing::llama2c_v1();
        bytes[at] = 1;
        expect_refusal("E_VERSION", {("byte " + std::to_string(at)).c_str()}, [&] { import(bytes); });
    }
}

TEST(llama2c, refuses_a_flag_that_is_neither_0_nor_1) {
    std::string bytes = testing::llama2c_v1();
    bytes[36] = 2;
    expect_refusal("E_TYPE", {"shared_classifier", "2"}, [&] { import(bytes); });
}

TEST(llama2c, refuses_groups_that_do_not_divide_a_matrix) {
    for (const uint32_t group : {0u, 3u, 4096u})
        expect_refusal("E_SHAPE", {"groups of", std::to_string(group).c_str()}, [&] { import(testing::llama2c_v2({}, group)); });
}

TEST(llama2c, refuses_big_endian_files) {
    std::string swapped = testing::llama2c_v0();
    for (size_t i = 0; i < 28; i += 4) std::reverse(swapped.begin() + long(i), swapped.begin() + long(i) + 4);
    expect_refusal("E_ENDIAN", {"big-endian"}, [&] { import(swapped); });
    std::string versioned = testing::llama2c_v1();
    std::reverse(versioned.begin(), versioned.begin() + 4);
    expect_refusal("E_ENDIAN", {"big-endian"}, [&] { import(versioned); });
}

TEST(llama2c, refuses_weights_that_are_not_numbers) {
    std::string bytes = testing::llama2c_v0();
    bytes.replace(28 + 190 * 4, 4, bytes_of(std::numeric_limits<float>::quiet_NaN()));  // element 6 of k in layer 0
    bytes.replace(28 + 200 * 4, 4, bytes_of(std::numeric_limits<float>::infinity()));
    expect_refusal("E_NONFINITE", {"k of layer 0", "2 of 32", "index 6"}, [&] { tensor(import(bytes), Role::k).values(); });
    ImportOptions options;
    options.allow_nonfinite = true;
    EXPECT_TRUE(std::isnan(tensor(import(bytes, options), Role::k).values()[6]));
}

}  // namespace
}  // namespace mote::tools
