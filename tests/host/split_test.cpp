// Words as an engine for regular expressions cuts them out (split_vectors.py), and what no expression needs to be asked for.
#include <gtest/gtest.h>

#include "../../core/src/split.h"
#include "base/json.h"
#include "opened_tokenizer.h"
#include "shared_data.h"
#include "tokenizer/bpe.h"
#include "tokenizer/split_rules.h"

namespace mote::tools {
namespace {

using testing::OpenedTokenizer;

// Every byte a token, no merges.
TokenizerModel bytes_by_rule(const SplitRule& rule) {
    TokenizerModel model = empty_tokenizer();
    for (uint32_t byte = 0; byte < 256; byte++) {
        model.pieces.emplace_back(1, static_cast<char>(byte));
        model.byte_ids[byte] = byte;
    }
    model.pre_tokenizer = rule.stages;
    model.char_sets = rule.sets;
    return model;
}

std::vector<uint32_t> words_of(const OpenedTokenizer& t, const std::string& text) {
    std::vector<uint32_t> lengths;
    Words words(t.core(), {{text.data(), text.size()}, 0, false});
    for (Stretch word; words.next(word);) lengths.push_back(static_cast<uint32_t>(word.text.count));
    return lengths;
}

TEST(char_class, changes_at_its_edges_only) {
    for (const char* name : {"gpt-2", "deepseek-coder", "deepseek-llm", "falcon", "qwen2"}) {
        const CharSets sets = rule_of_name(name)->sets;
        std::vector<uint32_t> edges = class_edges(sets);
        ASSERT_EQ(edges.front(), 0u) << name;
        edges.push_back(0x110000);
        for (size_t i = 0; i + 1 < edges.size(); i++)
            for (uint32_t code = edges[i]; code < edges[i + 1]; code++)
                if (bits_of(code, sets) != bits_of(edges[i], sets)) FAIL() << name << ": " << code;
    }
}

TEST(split, cuts_as_the_published_expressions_do) {
    const Json vectors = read_json(MOTE_TESTS_HOST "/split_vectors.json", 1 << 20);
    ASSERT_EQ(vectors.size(), 185u);
    for (const char* name : {"gpt-2", "llama-bpe", "qwen2", "starcoder", "deepseek-coder", "deepseek-llm", "falcon", "default"}) {
        const std::optional<SplitRule> rule = rule_of_name(name);
        ASSERT_TRUE(rule.has_value()) << name;
        const OpenedTokenizer t(bytes_by_rule(*rule));
        for (const Json& vector : vectors) {
            const std::string text = vector[0];
            EXPECT_EQ(words_of(t, text), vector[1][name].get<std::vector<uint32_t>>()) << name << ": " << vector[0];
        }
    }
}

TEST(split, a_rule_has_the_same_words_under_every_name) {
    EXPECT_EQ(rule_of_name("mpt")->stages, rule_of_name("gpt-2")->stages);
    EXPECT_EQ(rule_of_name("refact")->stages, rule_of_name("starcoder")->stages);
    EXPECT_EQ(rule_of_name("exaone")->stages, rule_of_name("starcoder")->stages);
    EXPECT_EQ(rule_of_name("stablelm2")->stages, rule_of_name("qwen2")->stages);
    EXPECT_EQ(rule_of_name("dbrx")->stages, rule_of_name("llama-bpe")->stages);
    EXPECT_FALSE(rule_of_name("dbrx")->whole_words || rule_of_name("dbrx")->begins);
    EXPECT_TRUE(rule_of_name("lfm2")->whole_words && rule_of_name("lfm2")->begins);
    for (const char* name : {"tekken", "bloom", "poro-chat", "viking", "gpt-4o", "deepseek-v3", "superbpe", "bailingmoe", "seed-coder", "chameleon"})
        EXPECT_FALSE(rule_of_name(name).has_value()) << name;
    EXPECT_FALSE(rule_of_pattern(R"(\p{Lu}+)").has_value());
    EXPECT_FALSE(rule_of_pattern(R"([\p{L}]+)").has_value());
    EXPECT_FALSE(rule_of_pattern("[z-a]+").has_value());
    EXPECT_FALSE(rule_of_pattern("[]+").has_value());
}

TEST(split, a_rule_has_a_name_to_be_written_by) {
    for (const char* name : {"gpt-2", "llama-bpe", "smaug-bpe", "qwen2", "starcoder", "falcon", "default", "deepseek-llm", "deepseek-coder"})
        EXPECT_EQ(name_of_rule(*rule_of_name(name), rule_of_name(name)->whole_words), name);
    EXPECT_EQ(name_of_rule({PreTokenizer::gpt2, {}}, true), std::nullopt);
    EXPECT_EQ(name_of_rule({PreTokenizer::none, {}}, false), std::nullopt);
    NamedRule rule = *rule_of_name("deepseek-llm");
    rule.sets.letters.pop_back();
    EXPECT_EQ(name_of_rule(rule, false), std::nullopt);
    rule = *rule_of_name("falcon");
    rule.sets.symbols = "~";
    EXPECT_EQ(name_of_rule(rule, false), std::nullopt);
}

TEST(split, stages_that_mean_different_letters_do_not_go_together) {
    SplitRule rule = *rule_of_name("deepseek-llm");
    EXPECT_FALSE(append(rule, {PreTokenizer::digit, {}}));  // no room for a seventh
    rule = *rule_of_pattern(R"(\s?[a-z]+)");
    EXPECT_EQ(rule.stages, PreTokenizer::letters);
    EXPECT_FALSE(append(rule, {PreTokenizer::gpt2, {}}));
    EXPECT_TRUE(append(rule, {PreTokenizer::digit, {}}));
}

TEST(split, the_space_in_front_is_cut_like_any_other) {
    const OpenedTokenizer t(bytes_by_rule({PreTokenizer::gpt2, {}}));
    const std::pair<std::string, std::vector<std::string>> cases[] = {
        {"Hello", {" Hello"}}, {"'s", {" '", "s"}}, {"\nx", {" ", "\n", "x"}}, {"\n\nx", {" \n", "\n", "x"}}, {"", {" "}}};
    for (const auto& [text, expected] : cases) {
        std::vector<std::string> got;
        Words words(t.core(), {{text.data(), text.size()}, 0, true});
        for (Stretch word; words.next(word);)
            got.push_back((word.space_before ? " " : "") + std::string(word.text.data, word.text.count));
        EXPECT_EQ(got, expected) << text;
    }
}

// Linear: the worst texts for each alternative, long enough that a square would take minutes.
TEST(split, no_text_takes_longer_than_its_length) {
    for (const char* name : {"gpt-2", "llama-bpe", "deepseek-coder", "deepseek-llm", "falcon"}) {
        const OpenedTokenizer t(bytes_by_rule(*rule_of_name(name)));
        for (const std::string unit : {" ", "\t\n", "'", "1", "a", "\xe3\x80\x80", ".", "\xff"}) {
            std::string text;
            while (text.size() < 300000) text += unit;
            uint64_t bytes = 0;
            for (const uint32_t n : words_of(t, text + "x")) bytes += n;
            EXPECT_EQ(bytes, text.size() + 1) << name << unit;
        }
    }
}

}  // namespace
}  // namespace mote::tools
