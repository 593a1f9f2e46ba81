// safetensors files: everything that the header can say wrong.
#include <gtest/gtest.h>
#include <cmath>

#include "import/safetensors.h"
#include "make_checkpoint.h"
#include "refusal.h"

namespace mote::tools {
namespace {

using testing::bytes_of;
using testing::expect_refusal;
using testing::safetensors;
using testing::TemporaryFolder;

StoredTensors open(const std::string& bytes) {
    const TemporaryFolder folder;
    return read_safetensors(folder.write("model.safetensors", bytes));
}

void expect_bad_header(const std::string& code, std::initializer_list<const char*> parts, const std::string& header,
                       size_t data = 16) {
    SCOPED_TRACE(header);
    expect_refusal(code, parts, [&] { open(safetensors(header, std::string(data, '\0'))); });
}

// One tensor `a` of 4 floats, with its shape or offsets replaced.
std::string with_shape(const std::string& shape) {
    return R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,16]}})";
}
std::string with_offsets(const std::string& offsets) {
    return R"({"a":{"dtype":"F32","shape":[4],"data_offsets":)" + offsets + "}}";
}
std::string two(const std::string& first, const std::string& second) {
    return R"({"a":{"dtype":"F32","shape":[2],"data_offsets":)" + first + R"(},"b":{"dtype":"F32","shape":[2],"data_offsets":)" +
           second + "}}";
}

std::vector<float> floats_of(const std::string& dtype, const std::string& data) {
    return open(safetensors({{"a", {dtype, {data.size() / find_dtype(dtype)->bytes}, data}}})).at("a").floats("a");
}

TEST(safetensors, describes_tensors_where_they_lie) {
    const std::string header = two("[8,16]", "[0,8]") + "   ";
    const auto tensors = open(safetensors(header, std::string(16, '\0')));
    ASSERT_EQ(tensors.size(), 2u);
    EXPECT_EQ(tensors.at("a").begin, 8 + header.size() + 8);
    EXPECT_EQ(tensors.at("b").begin, 8 + header.size());
    EXPECT_EQ(tensors.at("b").shape, std::vector<uint64_t>{2});
}

TEST(safetensors, widens_half_floats_exactly) {
    const std::vector<uint16_t> halves = {0x3c00, 0xc000, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0x8000};
    const std::vector<float> floats = floats_of("F16", bytes_of(halves));
    const float expected[] = {1, -2, 5.9604644775390625e-8f, 6.09755516e-5f, 6.103515625e-5f, 65504, INFINITY, -0.0f};
    for (size_t i = 0; i < halves.size(); i++) EXPECT_EQ(floats[i], expected[i]) << i;
    EXPECT_TRUE(std::signbit(floats[7]));
    EXPECT_TRUE(std::isnan(floats_of("F16", bytes_of(uint16_t{0x7e00}))[0]));
}

TEST(safetensors, widens_bf16_exactly) {
    const std::vector<float> floats = floats_of("BF16", bytes_of(std::vector<uint16_t>{0x3f80, 0xc049, 0x7f80, 0x0001}));
    EXPECT_EQ(floats[0], 1.0f);
    EXPECT_EQ(floats[1], -3.140625f);
    EXPECT_TRUE(std::isinf(floats[2]));
    EXPECT_EQ(floats[3], 9.18354961579912115600575419705e-41f);  // 2^-133
}

// OCP 8-bit floating point, table 1 and 2 of the specification: ones, extremes, subnormals, NaN.
TEST(safetensors, widens_eight_bit_floats_exactly) {
    const std::vector<float> e4m3 = floats_of("F8_E4M3", std::string("\x38\xb8\x7e\x08\x07\x01\x80", 7));
    const float expected_e4m3[] = {1, -1, 448, 0.015625f, 0.013671875f, 0.001953125f, -0.0f};
    for (size_t i = 0; i < e4m3.size(); i++) EXPECT_EQ(e4m3[i], expected_e4m3[i]) << i;
    for (const char* nan : {"\x7f", "\xff"}) EXPECT_TRUE(std::isnan(floats_of("F8_E4M3", nan)[0]));
    const std::vector<float> e5m2 = floats_of("F8_E5M2", std::string("\x3c\xbc\x7b\x04\x03\x01\x7c", 7));
    const float expected_e5m2[] = {1, -1, 57344, 6.103515625e-5f, 4.57763671875e-5f, 1.52587890625e-5f, INFINITY};
    for (size_t i = 0; i < e5m2.size(); i++) EXPECT_EQ(e5m2[i], expected_e5m2[i]) << i;
    for (const char* nan : {"\x7d", "\x7e", "\x7f"}) EXPECT_TRUE(std::isnan(floats_of("F8_E5M2", nan)[0]));
}

// The same without infinities and negative zeros, and with one more in the bias: ones, extremes, subnormals, NaN.
TEST(safetensors, widens_the_other_eight_bit_floats_exactly) {
    const std::vector<float> e4m3 = floats_of("F8_E4M3FNUZ", std::string("\x40\xc0\x7f\xff\x08\x07\x01\x00", 8));
    const float expected_e4m3[] = {1, -1, 240, -240, 0.0078125f, 0.0068359375f, 0.0009765625f, 0};
    for (size_t i = 0; i < e4m3.size(); i++) EXPECT_EQ(e4m3[i], expected_e4m3[i]) << i;
    const std::vector<float> e5m2 = floats_of("F8_E5M2FNUZ", std::string("\x40\xc0\x7f\xff\x04\x03\x01\x00", 8));
    const float expected_e5m2[] = {1, -1, 57344, -57344, 3.0517578125e-5f, 2.288818359375e-5f, 7.62939453125e-6f, 0};
    for (size_t i = 0; i < e5m2.size(); i++) EXPECT_EQ(e5m2[i], expected_e5m2[i]) << i;
    for (const char* dtype : {"F8_E4M3FNUZ", "F8_E5M2FNUZ"}) EXPECT_TRUE(std::isnan(floats_of(dtype, "\x80")[0]));
}

TEST(safetensors, rounds_doubles_to_the_nearest_float) {
    const std::vector<float> floats = floats_of("F64", bytes_of(std::vector<double>{0.1, 16777217.0, -1e-320, 1e300}));
    EXPECT_EQ(floats[0], 0.1f);
    EXPECT_EQ(floats[1], 16777216.0f);
    EXPECT_EQ(floats[2], -0.0f);
    EXPECT_TRUE(std::isinf(floats[3]));
}

TEST(safetensors, copies_f32_as_it_is) { EXPECT_EQ(floats_of("F32", bytes_of(std::vector<float>{1.5f, -2}))[0], 1.5f); }

TEST(safetensors, refuses_a_file_without_a_length) {
    for (size_t n = 0; n < 8; n++) expect_refusal("E_TRUNC", {"8 bytes"}, [&] { open(std::string(n, '\1')); });
}

TEST(safetensors, refuses_impossible_header_lengths) {
    const std::string rest(20, ' ');
    expect_refusal("E_EMPTY", {"byte 0"}, [&] { open(bytes_of(uint64_t{0}) + rest); });
    expect_refusal("E_LIMIT", {"9223372036854775808"}, [&] { open(bytes_of(uint64_t{1} << 63) + rest); });
    expect_refusal("E_LIMIT", {"100000001", "100000000"}, [&] { open(bytes_of(uint64_t{100000001}) + rest); });
    expect_refusal("E_TRUNC", {"21 bytes", "20"}, [&] { open(bytes_of(uint64_t{21}) + rest); });
}

TEST(safetensors, refuses_a_header_that_does_not_begin_with_a_brace) {
    for (const char* header : {" {}", "\xef\xbb\xbf{}", "[]", "null"}) expect_bad_header("E_SYNTAX", {"byte 8"}, header, 0);
}

TEST(safetensors, refuses_a_header_of_one_brace) { expect_bad_header("E_SYNTAX", {}, "{", 0); }

TEST(safetensors, refuses_bad_utf8_and_control_characters) {
    expect_bad_header("E_UTF8", {"byte"}, "{\"\xff\":1}", 0);
    expect_bad_header("E_SYNTAX", {"byte"}, "{\"\x01\":1}", 0);
}

TEST(safetensors, refuses_cut_json_and_garbage_behind_it) {
    const std::string whole = with_shape("[4]");
    for (size_t n = 1; n < whole.size(); n++) expect_bad_header("E_SYNTAX", {}, whole.substr(0, n));
    expect_bad_header("E_SYNTAX", {}, whole + "x");
}

TEST(safetensors, refuses_deep_nesting) { expect_bad_header("E_DEPTH", {}, "{\"a\":" + std::string(100000, '['), 0); }

TEST(safetensors, refuses_duplicate_names_in_any_spelling) {
    const std::string info = R"({"dtype":"F32","shape":[4],"data_offsets":[0,16]})";
    expect_bad_header("E_DUP", {"\"a\"", "twice"}, "{\"a\":" + info + ",\"a\":" + info + "}");
    expect_bad_header("E_DUP", {"\"a\"", "twice"}, "{\"a\":" + info + ",\"\\u0061\":" + info + "}");
}

TEST(safetensors, refuses_a_duplicate_field_of_a_tensor) {
    expect_bad_header("E_DUP", {"shape"}, R"({"a":{"dtype":"F32","shape":[4],"shape":[4],"data_offsets":[0,16]}})");
}

TEST(safetensors, accepts_metadata_of_strings_or_none) {
    EXPECT_EQ(open(safetensors(R"({"__metadata__":{"format":"pt"}})", "")).size(), 0u);
    EXPECT_EQ(open(safetensors(R"({"__metadata__":null})", "")).size(), 0u);
    expect_bad_header("E_TYPE", {"__metadata__", "n"}, R"({"__metadata__":{"n":1}})", 0);
    expect_bad_header("E_TYPE", {"__metadata__"}, R"({"__metadata__":[]})", 0);
}

TEST(safetensors, refuses_dtypes_it_does_not_know_by_name) {
    for (const char* dtype : {"F6_E2M3", "F4", "Q4", "f32"})
        expect_bad_header("E_UNSUPPORTED", {"a.dtype", dtype},
                          R"({"a":{"dtype":")" + std::string(dtype) + R"(","shape":[16],"data_offsets":[0,16]}})");
}

TEST(safetensors, refuses_weights_of_integers) {
    const StoredTensors tensors = open(safetensors({{"a", {"I64", {2}, std::string(16, '\0')}}}));
    expect_refusal("E_UNSUPPORTED", {"a", "I64", "BF16"}, [&] { tensors.at("a").floats("a"); });
}

TEST(safetensors, takes_only_integers_as_dimensions) {
    expect_bad_header("E_TYPE", {"a.shape[0]", "integer"}, with_shape("[4.0]"));
    expect_bad_header("E_TYPE", {"a.shape[0]"}, with_shape("[1e2]"));
    expect_bad_header("E_RANGE", {"a.shape[0]", "-1"}, with_shape("[-1]"));
    expect_bad_header("E_TYPE", {"a.shape[0]"}, with_shape("[\"3\"]"));
    expect_bad_header("E_TYPE", {"a.shape[0]"}, with_shape("[18446744073709551616]"));
    expect_bad_header("E_TYPE", {"a.shape"}, with_shape("4"));
}

TEST(safetensors, refuses_ten_thousand_dimensions) {
    std::string shape = "[1";
    for (int i = 1; i < 10000; i++) shape += ",1";
    expect_bad_header("E_LIMIT", {"10000 dimensions", "8"}, with_shape(shape + "]"));
}

TEST(safetensors, refuses_shapes_whose_product_wraps) {
    expect_bad_header("E_OVERFLOW", {"a.shape"}, with_shape("[4294967296,4294967296]"));
    expect_bad_header("E_OVERFLOW", {"a"}, with_shape("[4611686018427387905]"));  // times 4 is 4 again
}

TEST(safetensors, refuses_offsets_that_are_no_range) {
    expect_bad_header("E_SYNTAX", {"[begin, end]"}, with_offsets("[0]"));
    expect_bad_header("E_SYNTAX", {"[begin, end]"}, with_offsets("[0,8,16]"));
    expect_bad_header("E_RANGE", {"16", "0"}, with_offsets("[16,0]"));
    expect_bad_header("E_RANGE", {"-1"}, with_offsets("[-1,16]"));
    expect_bad_header("E_RANGE", {"17", "16", "cut"}, with_offsets("[1,17]"));
    expect_bad_header("E_RANGE", {"18446744073709551615"}, with_offsets("[0,18446744073709551615]"));
}

TEST(safetensors, refuses_offsets_that_disagree_with_the_shape) {
    expect_bad_header("E_SHAPE", {"[3]", "12 bytes", "16"}, with_shape("[3]"));
}

TEST(safetensors, refuses_overlapping_tensors) {
    expect_bad_header("E_OVERLAP", {"b", "shares bytes"}, two("[0,8]", "[4,12]"), 12);
}

TEST(safetensors, refuses_two_tensors_with_the_same_bytes) { expect_bad_header("E_OVERLAP", {}, two("[0,8]", "[0,8]"), 8); }

TEST(safetensors, refuses_holes) {
    expect_bad_header("E_RANGE", {"4 bytes before b"}, two("[0,8]", "[12,20]"), 20);
    expect_bad_header("E_RANGE", {"4 bytes before a"}, two("[4,12]", "[12,20]"), 20);
}

TEST(safetensors, refuses_bytes_behind_the_last_tensor) { expect_bad_header("E_TRAILING", {"1 bytes"}, with_shape("[4]"), 17); }

TEST(safetensors, accepts_tensors_without_elements_and_without_dimensions) {
    const auto tensors = open(safetensors(
        R"({"a":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})",
        std::string(4, '\0')));
    EXPECT_EQ(tensors.at("a").elements, 0u);
    EXPECT_EQ(tensors.at("b").elements, 1u);
}

TEST(safetensors, refuses_a_tensor_without_a_field) {
    expect_bad_header("E_MISSING", {"a", "dtype"}, R"({"a":{"shape":[4],"data_offsets":[0,16]}})");
    expect_bad_header("E_MISSING", {"a", "shape"}, R"({"a":{"dtype":"F32","data_offsets":[0,16]}})");
    expect_bad_header("E_TYPE", {"a", "object"}, R"({"a":[]})");
}

}  // namespace
}  // namespace mote::tools
