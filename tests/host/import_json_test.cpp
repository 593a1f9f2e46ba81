// JSON from untrusted files: what nlohmann's parser accepts and this project does not.
#include <gtest/gtest.h>

#include "base/json.h"
#include "make_checkpoint.h"
#include "refusal.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;

Json parse(const std::string& text) { return parse_json(text, "a.json"); }

TEST(json, reads_values_of_every_kind) {
    const Json json = parse(R"({"a": [1, -2, 2.5, "x", true, null, {"b": []}]})");
    EXPECT_EQ(json.dump(), R"({"a":[1,-2,2.5,"x",true,null,{"b":[]}]})");
}

TEST(json, refuses_a_key_that_stands_twice) {
    expect_refusal("E_DUP", {"a.json", "\"a\"", "twice"}, [] { parse(R"({"a": 1, "b": 2, "a": 3})"); });
}

TEST(json, refuses_a_key_that_stands_twice_in_different_spelling) {
    expect_refusal("E_DUP", {"\"a\""}, [] { parse(R"({"a": 1, "\u0061": 2})"); });
}

TEST(json, accepts_the_same_key_in_two_objects) { EXPECT_NO_THROW(parse(R"({"a": {"a": 1}, "b": {"a": 2}})")); }

TEST(json, refuses_a_hundred_thousand_levels) {
    expect_refusal("E_DEPTH", {"64 levels"}, [] { parse(std::string(100000, '[')); });
    std::string objects;
    for (int i = 0; i < 100000; i++) objects += R"({"a":)";
    expect_refusal("E_DEPTH", {"64 levels"}, [&] { parse(objects); });
}

TEST(json, refuses_nothing_at_all) {
    expect_refusal("E_EMPTY", {"a.json"}, [] { parse(""); });
    expect_refusal("E_EMPTY", {"a.json"}, [] { parse(" \n\t"); });
}

TEST(json, refuses_what_is_cut_at_any_byte) {
    const std::string whole = R"({"a": [1, "b\u00e9", {"c": true}], "d": null})";
    for (size_t n = 1; n < whole.size(); n++) expect_refusal("E_SYNTAX", {"byte"}, [&] { parse(whole.substr(0, n)); });
}

TEST(json, refuses_bytes_behind_the_value) {
    expect_refusal("E_SYNTAX", {"byte 4"}, [] { parse("{} x"); });
}

TEST(json, refuses_text_that_is_not_utf8) {
    expect_refusal("E_UTF8", {"a.json", "byte"}, [] { parse("[\"\xc0\x80\"]"); });  // overlong
    expect_refusal("E_UTF8", {}, [] { parse("[\"\xff\"]"); });
    expect_refusal("E_UTF8", {"surrogate"}, [] { parse(R"(["\ud800"])"); });
}

TEST(json, refuses_broken_escapes_and_raw_control_characters) {
    expect_refusal("E_SYNTAX", {}, [] { parse(R"(["\uXYZW"])"); });
    expect_refusal("E_SYNTAX", {}, [] { parse("[\"\x01\"]"); });
}

TEST(json, accepts_a_byte_order_mark) { EXPECT_EQ(parse("\xef\xbb\xbf[1]"), Json::parse("[1]")); }

TEST(json, refuses_numbers_that_json_or_a_double_does_not_have) {
    expect_refusal("E_RANGE", {}, [] { parse("[1e999]"); });
    expect_refusal("E_SYNTAX", {}, [] { parse("[01]"); });
    expect_refusal("E_SYNTAX", {}, [] { parse("[NaN]"); });
}

TEST(json, takes_only_integers_for_integers) {
    const Json json = parse(R"({"n": [7, 7.0, 7e0, -7, -0, "7", 9, 18446744073709551616]})");
    const JsonView n = JsonView(json, "a.json").at("n");
    EXPECT_EQ(n.element(0).integer(8), 7u);
    expect_refusal("E_TYPE", {"n[1]", "integer"}, [&] { n.element(1).integer(8); });
    expect_refusal("E_TYPE", {"n[2]"}, [&] { n.element(2).integer(8); });
    expect_refusal("E_RANGE", {"n[3]", "-7"}, [&] { n.element(3).integer(8); });
    expect_refusal("E_RANGE", {"n[4]"}, [&] { n.element(4).integer(8); });
    expect_refusal("E_TYPE", {"n[5]"}, [&] { n.element(5).integer(8); });
    expect_refusal("E_RANGE", {"n[6]", "9", "[0, 8]"}, [&] { n.element(6).integer(8); });
    expect_refusal("E_TYPE", {"n[7]"}, [&] { n.element(7).integer(UINT64_MAX); });
}

TEST(json, names_the_place_of_a_wrong_value) {
    const Json json = parse(R"({"a": {"b": 1}})");
    const JsonView a = JsonView(json, "a.json").at("a");
    expect_refusal("E_TYPE", {"a.json: a.b: is number, must be a string"}, [&] { a.at("b").text(); });
    expect_refusal("E_MISSING", {"a.json: a: has no \"c\""}, [&] { a.at("c"); });
    expect_refusal("E_TYPE", {"must be an object"}, [&] { a.at("b").find("c"); });
    expect_refusal("E_TYPE", {"a: is object, must be an array"}, [&] { a.array(); });
    expect_refusal("E_TYPE", {"must be a number"}, [&] { a.number(); });
    expect_refusal("E_TYPE", {"a.b: is number, must be true or false"}, [&] { a.at("b").boolean(); });
}

TEST(json, does_not_read_files_beyond_a_limit) {
    const testing::TemporaryFolder folder;
    const std::string file = folder.write("a.json", "[1, 2, 3]");
    EXPECT_EQ(read_json(file, 9).size(), 3u);
    expect_refusal("E_LIMIT", {"9 bytes", "at most 8"}, [&] { read_json(file, 8); });
}

}  // namespace
}  // namespace mote::tools
