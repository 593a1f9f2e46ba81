// Pairs of prompt and completion: read from a file, and counted on a model whose answers are known.
#include <gtest/gtest.h>

#include "make_checkpoint.h"
#include "pack/pack.h"
#include "pack/random_model.h"
#include "refusal.h"
#include "run/evaluate_pairs.h"
#include "model/open_model.h"

namespace mote::tools {
namespace {

using testing::expect_refusal;
using testing::TemporaryFolder;

std::vector<Pair> read(const std::string& text) {
    const TemporaryFolder folder;
    return read_pairs(folder.write("pairs.jsonl", text));
}

const std::string good = "{\"prompt\": \"a\", \"completion\": \"b\"}\n";

TEST(read_pairs, takes_lines_and_passes_over_blank_ones) {
    const std::vector<Pair> pairs = read(good + "\r\n\n{\"completion\":\"{\\\"on\\\":1}\",\"note\":3,\"prompt\":\"\\u4f60 x\"}");
    ASSERT_EQ(pairs.size(), 2u);
    EXPECT_EQ(pairs[0].prompt, "a");
    EXPECT_EQ(pairs[0].completion, "b");
    EXPECT_EQ(pairs[1].prompt, "\xe4\xbd\xa0 x");
    EXPECT_EQ(pairs[1].completion, "{\"on\":1}");
    EXPECT_EQ(pairs[1].line, 4u);
}

TEST(read_pairs, names_the_line_that_is_wrong) {
    const std::pair<const char*, const char*> bad[] = {
        {"E_SYNTAX", "{\"prompt\": \"a\", "},         {"E_SYNTAX", "hello"},
        {"E_MISSING", "{\"prompt\": \"a\"}"},         {"E_MISSING", "{\"completion\": \"a\"}"},
        {"E_TYPE", "{\"prompt\": 1, \"completion\": \"a\"}"}, {"E_TYPE", "{\"prompt\": \"a\", \"completion\": null}"},
        {"E_DUP", "{\"prompt\": \"a\", \"prompt\": \"b\", \"completion\": \"c\"}"},
        {"E_EMPTY", "{\"prompt\": \"a\", \"completion\": \"\"}"},
        {"E_UTF8", "{\"prompt\": \"\\ud800\", \"completion\": \"a\"}"},
        {"E_UTF8", "{\"prompt\": \"\xff\", \"completion\": \"a\"}"},
        {"E_TYPE", "[]"}};
    for (const auto& [code, line] : bad) expect_refusal(code, {"pairs.jsonl: line 3"}, [&, l = line] { read(good + "\n" + l + "\n" + good); });
    expect_refusal("E_DEPTH", {"line 2"}, [] { read(good + std::string(100000, '[')); });
    expect_refusal("E_LIMIT", {"line 2"}, [] { read(good + std::string((16 << 20) + 1, 'x')); });
}

TEST(read_pairs, refuses_files_without_pairs) {
    expect_refusal("E_EMPTY", {"pairs.jsonl"}, [] { read(""); });
    expect_refusal("E_EMPTY", {"pairs.jsonl"}, [] { read("\n \n"); });
    expect_refusal("E_TYPE", {"line 1", "one on each line"}, [] { read("[" + good.substr(0, good.size() - 1) + "]"); });
    expect_refusal("E_SYNTAX", {"line 1"}, [] { read("[\n" + good + "]\n"); });
}

constexpr uint32_t first_byte = 3;  // random_model: unknown, begin, end, then the bytes

// A model that has read nothing but its last token: layers that add nothing, and rows of the embedding that point at what comes
// next. It says after each letter the next of the alphabet, after z a line's end, and after 9 the end token.
Weights successor_model() {
    Weights w = random_model("llama:dim=256,layers=1,heads=4,hidden=64,vocab=259,context=32,tied=0", 1);
    for (const Role role : {Role::o, Role::down}) {
        HostTensor& t = w.tensors[{role, 0}];
        t = HostTensor(t.rows, t.cols, std::vector<float>(t.count()));
    }
    std::vector<float> embedding(259 * 256), head(259 * 256);
    for (uint32_t token = 0; token < 259; token++) embedding[size_t(token) * 256 + (token + 253) % 256] = 1;
    for (uint32_t byte = 0; byte < 256; byte++) {
        const uint32_t next = byte == 'z' ? first_byte + '\n' : byte == '9' ? w.tokenizer->eos : first_byte + (byte + 1) % 256;
        head[size_t(next) * 256 + byte] = 1;
    }
    w.tensors[{Role::token_embedding, 0}] = HostTensor(259, 256, std::move(embedding));
    w.tensors[{Role::head, 0}] = HostTensor(259, 256, std::move(head));
    return w;
}

PairsEvaluation evaluated(const std::vector<Pair>& pairs, uint32_t context = 32) {
    std::vector<std::string> notes;
    const std::vector<uint8_t> file = pack_model(successor_model(), parse_formats("f32"), notes);
    const TemporaryFolder folder;
    const OpenModel opened = open_model(folder.write("m.mote", std::string(file.begin(), file.end())));
    Options options;
    options.context = context;
    return evaluate_pairs(opened.model, options, pairs, "pairs.jsonl");
}

TEST(evaluate_pairs, counts_exact_completions) {
    const std::vector<Pair> pairs = {{"w", "xyz", 1}, {"xw", "xyz\n", 2}, {"6", "789", 3}, {"w", "xy", 4}, {"w", "xyZ", 5}};
    const PairsEvaluation e = evaluated(pairs);
    EXPECT_EQ(e.pairs, 5u);
    EXPECT_EQ(e.exact(), 3u);
    EXPECT_DOUBLE_EQ(e.percent(), 60);
    ASSERT_EQ(e.misses.size(), 2u);
    EXPECT_EQ(e.misses[0].pair->line, 4u);
    EXPECT_EQ(e.misses[0].written, "xyz");
    EXPECT_EQ(e.misses[1].pair->line, 5u);
}

TEST(evaluate_pairs, stops_a_little_behind_the_longest_completion) {
    const std::vector<Pair> pairs = {{"a", "bcd", 1}};
    EXPECT_EQ(evaluated(pairs).misses[0].written, "bcdefghijkl");
}

TEST(evaluate_pairs, reads_on_behind_a_line_end_where_completions_have_one_inside) {
    const std::vector<Pair> pairs = {{"y", "z\n\x0b\x0c", 1}};
    EXPECT_EQ(evaluated(pairs).misses[0].written.substr(0, 4), "z\n\x0b\x0c");
}

TEST(evaluate_pairs, refuses_pairs_that_do_not_fit_the_context) {
    expect_refusal("E_CONTEXT", {"pairs.jsonl: line 7", "-c"}, [] { evaluated({{"abcdef", "ghi", 7}}, 6); });
    EXPECT_EQ(evaluated({{"6", "789", 1}}, 8).exact(), 1u);
}

}  // namespace
}  // namespace mote::tools
