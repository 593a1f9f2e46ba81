// Damaged GGUF files, by the rows of the catalogue of bad input: each gives its error before anything is allocated by its numbers.
#include <gtest/gtest.h>

#include "gguf/gguf_file.h"
#include "import/gguf.h"
#include "make_gguf.h"
#include "refusal.h"

namespace mote::tools {
namespace {

using testing::bytes_of;
using testing::expect_refusal;
using testing::gguf_text;
using testing::GgufBuilder;
using testing::TemporaryFolder;

constexpr uint64_t most = UINT64_MAX;

void expect_refused(const std::string& code, std::initializer_list<const char*> parts, const std::string& bytes) {
    const TemporaryFolder folder;
    expect_refusal(code, parts, [&, file = folder.write("model.gguf", bytes)] { read_gguf(file); });
}

void expect_refused(const std::string& code, std::initializer_list<const char*> parts, const GgufBuilder& gguf) {
    expect_refused(code, parts, gguf.bytes());
}

std::string header(uint64_t tensors, uint64_t keys, uint32_t version = 3) {
    return "GGUF" + bytes_of(version) + bytes_of(tensors) + bytes_of(keys);
}

// One key of a kind, with any bytes for its value.
std::string key(const std::string& name, uint32_t kind, const std::string& value) {
    return header(0, 1) + gguf_text(name) + bytes_of(kind) + value;
}

GgufBuilder one(const std::vector<uint64_t>& dims, uint32_t type = 0, uint64_t offset = 0) {
    GgufBuilder b;
    return b.info("t", dims, type, offset);
}

TEST(gguf_faults, B01_another_magic) {
    expect_refused("E_MAGIC", {"does not begin with GGUF"}, "FUGG" + header(0, 0).substr(4));
    expect_refused("E_TRUNC", {}, "");
}

TEST(gguf_faults, B02_versions_and_byte_order) {
    for (const uint32_t version : {0u, 1u, 4u, 65535u}) expect_refused("E_VERSION", {"known are 2 and 3"}, header(0, 0, version));
    for (const uint32_t version : {0x02000000u, 0x03000000u}) expect_refused("E_ENDIAN", {"big-endian"}, header(0, 0, version));
    const TemporaryFolder folder;
    EXPECT_NO_THROW(read_gguf(folder.write("v2.gguf", header(0, 0, 2))));
}

TEST(gguf_faults, B03_B04_counts_beyond_all_limits) {
    for (const uint64_t count : {most, uint64_t(1) << 63, uint64_t(1000000000), (uint64_t(1) << 20) + 1}) {
        expect_refused("E_LIMIT", {"byte 8", "tensors"}, header(count, 0));
        expect_refused("E_LIMIT", {"byte 16", "keys"}, header(0, count));
    }
    expect_refused("E_TRUNC", {"a key"}, header(0, 1 << 20));
    expect_refused("E_TRUNC", {"name of a tensor"}, header(1 << 20, 0));
}

TEST(gguf_faults, B05_lengths_of_keys) {
    expect_refused("E_LIMIT", {"a key", "65535"}, header(0, 1) + bytes_of(most));
    expect_refused("E_LIMIT", {"a key", "65535"}, header(0, 1) + bytes_of(uint64_t(65536)) + std::string(65536, 'a'));
    expect_refused("E_TRUNC", {"a key has 9 bytes"}, header(0, 1) + bytes_of(uint64_t(9)) + "12345678");
}

TEST(gguf_faults, B06_B07_names_that_are_none) {
    expect_refused("E_SYNTAX", {"a key has no name"}, key("", 0, "x"));
    expect_refused("E_UTF8", {"a key"}, key(std::string("a\0b", 3), 0, "x"));
    expect_refused("E_UTF8", {"a key"}, key("a\xff", 0, "x"));
    expect_refused("E_UTF8", {"a key"}, key("a\nb", 0, "x"));
    const TemporaryFolder folder;
    EXPECT_EQ(read_gguf(folder.write("x.gguf", key("../../etc/passwd", 0, "x"))).values.size(), 1u);
}

TEST(gguf_faults, B08_kinds_of_values) {
    for (const uint32_t kind : {13u, 255u, 0xffffffffu}) expect_refused("E_TYPE", {"k: value type"}, key("k", kind, std::string(16, '\0')));
    expect_refused("E_RANGE", {"k: a bool is 2"}, key("k", 7, "\x02"));
}

TEST(gguf_faults, B09_lengths_of_texts) {
    expect_refused("E_OVERFLOW", {"k"}, key("k", 8, bytes_of(most)));
    expect_refused("E_TRUNC", {"k", "9223372036854775808"}, key("k", 8, bytes_of(uint64_t(1) << 63)));
    expect_refused("E_TRUNC", {"k has 2 bytes", "only 1 more"}, key("k", 8, bytes_of(uint64_t(2)) + "a"));
}

TEST(gguf_faults, B10_arrays) {
    const auto array = [](uint32_t kind, uint64_t count, const std::string& rest) { return key("k", 9, bytes_of(kind) + bytes_of(count) + rest); };
    expect_refused("E_OVERFLOW", {"k"}, array(10, most / 8 + 2, ""));
    expect_refused("E_TRUNC", {"k"}, array(0, most - 1000, ""));
    expect_refused("E_TRUNC", {"k"}, array(8, most, ""));
    expect_refused("E_TRUNC", {"k"}, array(4, 2, std::string(7, 'a')));
    expect_refused("E_UNSUPPORTED", {"array of arrays"}, array(9, 1, ""));
    std::string deep;
    for (int i = 0; i < 1000; i++) deep += bytes_of(9u) + bytes_of(uint64_t(1));
    expect_refused("E_UNSUPPORTED", {"array of arrays"}, key("k", 9, deep));
}

TEST(gguf_faults, B11_B13_keys_that_stand_twice) {
    GgufBuilder b;
    expect_refused("E_DUP", {"a.key"}, b.u32("a.key", 1).u32("a.key", 1));
    GgufBuilder alignment;
    expect_refused("E_DUP", {"general.alignment"}, alignment.u32("general.alignment", 32).u32("general.alignment", 64));
}

TEST(gguf_faults, B12_alignments) {
    for (const uint32_t alignment : {0u, 1u, 13u, 48u, 0x20000u, 0x80000000u}) {
        GgufBuilder b;
        expect_refused("E_ALIGN", {"power of two"}, b.u32("general.alignment", alignment));
    }
    GgufBuilder b;
    expect_refused("E_TYPE", {"uint32"}, b.key("general.alignment", GgufKind::i32, bytes_of(32)));
}

TEST(gguf_faults, B14_B15_dimensions) {
    expect_refused("E_SHAPE", {"0 dimensions"}, one({}));
    expect_refused("E_SHAPE", {"5 dimensions"}, one({1, 1, 1, 1, 1}));
    expect_refused("E_SHAPE", {"dimensions"}, header(1, 0) + gguf_text("t") + bytes_of(0xffffffffu) + std::string(64, '\x01'));
    expect_refused("E_SHAPE", {"a dimension is 0"}, one({4, 0}));
    expect_refused("E_SHAPE", {"a dimension is"}, one({most}));
}

TEST(gguf_faults, B16_B17_products_that_wrap) {
    expect_refused("E_OVERFLOW", {"63 bits"}, one({uint64_t(1) << 32, uint64_t(1) << 32}));
    expect_refused("E_OVERFLOW", {"63 bits"}, one({uint64_t(1) << 62, 2}));
    expect_refused("E_OVERFLOW", {"bytes"}, one({uint64_t(1) << 62}));
    expect_refused("E_OVERFLOW", {"bytes"}, one({uint64_t(1) << 61, 2}, 28));
}

TEST(gguf_faults, B18_B19_sums_that_wrap) {
    GgufBuilder two;
    two.info("a", {0x7fffffffffffffc0u}, 24, 0).info("b", {0x7fffffffffffffc0u}, 24, 0x7fffffffffffffc0u).info("c", {128}, 24, 0);
    expect_refused("E_OVERFLOW", {"with c"}, two);
    expect_refused("E_OVERFLOW", {"t ends"}, one({32}, 24, most - 31));
    GgufBuilder padded;
    for (char name = 'a'; name <= 'c'; name++) padded.info(std::string(1, name), {0x5555555555555555u}, 24, 0);
    expect_refused("E_OVERFLOW", {"with c"}, padded);
}

TEST(gguf_faults, B20_types_of_tensors) {
    for (const uint32_t type : {4u, 5u, 31u, 40u, 1000u}) expect_refused("E_UNSUPPORTED", {"unknown type", "Q4_K"}, one({32}, type));
    GgufBuilder whole = testing::tiny_llama_gguf();
    const TemporaryFolder folder;
    const std::string path = folder.write("m.gguf", whole.tensor("blk.0.ffn_down.bias", {4}, 26, std::string(16, '\0')).bytes());
    expect_refusal("E_UNSUPPORTED", {"blk.0.ffn_down.bias", "I32"}, [&] { import_gguf(read_gguf(path), Nonfinite::refused); });
}

TEST(gguf_faults, B21_rows_that_blocks_do_not_divide) {
    expect_refused("E_SHAPE", {"rows of 33", "blocks of 32"}, one({33, 32}, 2));
    expect_refused("E_SHAPE", {"rows of 32", "blocks of 256"}, one({32, 8}, 12));
}

TEST(gguf_faults, B22_offsets) {
    expect_refused("E_ALIGN", {"begins at 4"}, one({1}, 0, 4));
    expect_refused("E_RANGE", {"t begins at byte"}, one({1}, 0, 1 << 20));
    expect_refused("E_OVERFLOW", {"t ends"}, one({8}, 0, most - 31));
    GgufBuilder twice;
    twice.tensor("a", {8}, 0, std::string(32, 'a')).info("b", {8}, 0, 0);
    expect_refused("E_OVERLAP", {"shares bytes"}, twice);
    GgufBuilder hole;
    hole.tensor("a", {8}, 0, std::string(96, 'a')).info("b", {8}, 0, 64);
    expect_refused("E_RANGE", {"32 bytes before b belong to no tensor"}, hole);
    GgufBuilder behind;
    behind.tensor("a", {8}, 0, std::string(64, 'a'));
    expect_refused("E_TRAILING", {"32 bytes behind"}, behind);
}

TEST(gguf_faults, B23_names_of_tensors) {
    GgufBuilder twice;
    expect_refused("E_DUP", {"t stands twice"}, twice.info("t", {1}, 0, 0).info("t", {1}, 0, 32));
    GgufBuilder empty, longer, nul;
    expect_refused("E_LIMIT", {"65 bytes", "at most 64"}, longer.info(std::string(65, 'a'), {1}, 0, 0));
    expect_refused("E_UTF8", {"a tensor"}, nul.info(std::string("a\0", 2), {1}, 0, 0));
    expect_refused("E_SYNTAX", {"a tensor has no name"}, empty.info("", {1}, 0, 0));
}

TEST(gguf_faults, B24_sizes_of_the_model) {
    const TemporaryFolder folder;
    const auto expect = [&](const std::string& code, std::initializer_list<const char*> parts, const GgufBuilder& b) {
        expect_refusal(code, parts, [&, file = folder.write("model.gguf", b.bytes())] { import_gguf(read_gguf(file), Nonfinite::refused); });
    };
    GgufBuilder nothing, other, text, experts;
    expect("E_MISSING", {"general.architecture"}, nothing);
    expect("E_UNSUPPORTED", {"mamba", "llama"}, other.text("general.architecture", "mamba"));
    expect("E_MISSING", {"llama.embedding_length"}, text.text("general.architecture", "llama"));
    expect("E_TYPE", {"embedding_length", "integer"}, text.text("llama.embedding_length", "four"));
    const auto sized = [](const char* changed, uint32_t value) {
        GgufBuilder b;
        b.text("general.architecture", "llama").f32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        const std::pair<const char*, uint32_t> sizes[] = {{"embedding_length", 4},     {"block_count", 1},          {"feed_forward_length", 6},
                                                          {"context_length", 16}, {"attention.head_count", 2}, {"attention.head_count_kv", 1}};
        for (const auto& [name, size] : sizes) b.u32(std::string("llama.") + name, std::string(name) == changed ? value : size);
        testing::add_llama_tensors(b);
        return b;
    };
    for (const char* name : {"embedding_length", "block_count", "feed_forward_length", "context_length", "attention.head_count_kv"})
        expect("E_SHAPE", {"is 0"}, sized(name, 0));
    expect("E_SHAPE", {"0 heads"}, sized("attention.head_count", 0));
    expect("E_SHAPE", {"3 heads"}, sized("attention.head_count", 3));
    expect("E_LIMIT", {"at most"}, sized("feed_forward_length", 0xffffffff));
    expect("E_LIMIT", {"at most"}, sized("block_count", 0xffffffff));
    expect("E_MISMATCH", {"token_embd.weight", "[4, 3]", "[8, 3]"}, sized("embedding_length", 8));
    expect("E_MISMATCH", {"ffn_gate"}, sized("feed_forward_length", 7));
    expect("E_MISSING", {"blk.1.attn_norm.weight"}, sized("block_count", 2));
}

TEST(gguf_faults, B24_values_of_another_kind) {
    const TemporaryFolder folder;
    GgufBuilder b;
    b.key("minus", GgufKind::i32, bytes_of(-1)).key("large", GgufKind::u64, bytes_of(most)).u32("one", 1).text("text", "a").f32("half", 0.5f);
    const GgufFile gguf = read_gguf(folder.write("m.gguf", b.tensor("t", {8}, 26, std::string(32, '\0')).bytes()));
    expect_refusal("E_RANGE", {"minus", "-1 must not be negative"}, [&] { gguf.at("minus").integer(10); });
    expect_refusal("E_RANGE", {"large", "18446744073709551615 is more than 10"}, [&] { gguf.at("large").integer(10); });
    expect_refusal("E_TYPE", {"half", "float32", "an integer"}, [&] { gguf.at("half").integer(10); });
    expect_refusal("E_TYPE", {"text", "a number"}, [&] { gguf.at("text").number(); });
    expect_refusal("E_TYPE", {"one", "a bool"}, [&] { gguf.at("one").boolean(); });
    expect_refusal("E_TYPE", {"one", "a text"}, [&] { gguf.at("one").text(); });
    expect_refusal("E_UNSUPPORTED", {"t", "I32"}, [&] { gguf.tensors.at("t").floats("t"); });
}

TEST(gguf_faults, B26_a_file_that_is_cut_at_any_byte) {
    const std::string whole = testing::tiny_llama_gguf().bytes();
    const TemporaryFolder folder;
    EXPECT_NO_THROW(read_gguf(folder.write("whole.gguf", whole)));
    for (size_t size = 0; size < whole.size(); size += size < 100 || size + 40 > whole.size() ? 1u : 5u) {
        const std::string path = folder.write("cut.gguf", whole.substr(0, size));
        try {
            read_gguf(path);
            ADD_FAILURE() << size << " of " << whole.size() << " bytes were taken for a whole file";
        } catch (const Failure& failure) {
            EXPECT_TRUE(failure.code() == "E_TRUNC" || failure.code() == "E_RANGE") << size << ": " << failure.what();
        }
    }
}

TEST(gguf_faults, a_byte_that_is_changed_gives_an_answer) {
    const std::string whole = testing::tiny_llama_gguf().bytes();
    const TemporaryFolder folder;
    for (size_t i = 0; i < 1300; i += 3) {  // the header, keys and descriptions
        std::string damaged = whole;
        damaged[i] = char(damaged[i] ^ (1 << i % 8));
        const std::string path = folder.write("m.gguf", damaged);
        try {
            for (const auto& [key, tensor] : import_gguf(read_gguf(path), Nonfinite::refused).tensors) tensor.values();
        } catch (const Failure& failure) {
            EXPECT_NE(failure.exit(), Exit::internal) << "byte " << i << ": " << failure.what();
        }
    }
}

}  // namespace
}  // namespace mote::tools
