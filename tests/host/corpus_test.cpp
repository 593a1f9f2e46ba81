// Corpora: the same from the same seed, varied, and with a test half that is new and fair.
#include <gtest/gtest.h>
#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "base/json.h"
#include "corpus/command_phrases.h"
#include "corpus/commands.h"
#include "corpus/grammar.h"
#include "corpus/stories.h"

namespace mote::tools {
namespace {

struct Line {
    std::string prompt, completion;
};

std::vector<Line> lines_of(const Corpus& corpus) {
    std::vector<Line> lines;
    std::istringstream in(corpus.text);
    for (std::string line; std::getline(in, line);) {
        const Json json = parse_json(line, "corpus");
        lines.push_back({json.at("prompt"), json.at("completion")});
    }
    return lines;
}

const std::vector<Line>& train_lines() {
    static const std::vector<Line> lines = lines_of(make_commands(1000000, 1, Split::train));
    return lines;
}

const std::vector<Line>& test_lines() {
    static const std::vector<Line> lines = lines_of(make_commands(200000, 1, Split::test));
    return lines;
}

// Runs of ASCII letters and digits; characters beyond ASCII each for itself.
std::set<std::string> words_of(const std::string& text) {
    std::set<std::string> words;
    std::string word;
    for (const char& c : text + " ") {
        const bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0, continues = (c & 0xc0) == 0x80;
        const bool beyond_ascii = !word.empty() && (word[0] & 0x80) != 0;
        if (!word.empty() && (beyond_ascii ? !continues : !letter)) words.insert(std::exchange(word, ""));
        if (letter || (c & 0x80) != 0) word += c;
    }
    return words;
}

TEST(random, is_splitmix64) {
    Random r(1234567);  // the values of its author
    EXPECT_EQ(r.next(), 6457827717110365317u);
    EXPECT_EQ(r.next(), 3203168211198807973u);
    EXPECT_EQ(r.next(), 9817491932198370423u);
}

TEST(grammar, expands_rules_and_bindings) {
    const Grammar g({{"greeting", {"hello {name}"}}, {"name", {"nobody"}}});
    Random random(1);
    EXPECT_EQ(g.expand("{Greeting}, {greeting}!", {{"name", "Ann"}}, random), "Hello Ann, hello Ann!");
    EXPECT_EQ(g.expand("{greeting}", {}, random), "hello nobody");
    EXPECT_THROW(g.expand("{absent}", {}, random), std::logic_error);
}

TEST(stories, are_the_same_from_the_same_seed_only) {
    EXPECT_EQ(make_stories(50000, 7).text, make_stories(50000, 7).text);
    EXPECT_NE(make_stories(50000, 7).text, make_stories(50000, 8).text);
}

TEST(stories, are_whole_and_fit) {
    const Corpus c = make_stories(100000, 1);
    EXPECT_LE(c.text.size(), 100000u);
    EXPECT_GT(c.text.size(), 98000u);
    const std::string end = "\n<|endoftext|>\n";
    uint64_t ends = 0;
    for (size_t at = 0; (at = c.text.find(end, at)) != std::string::npos; at += end.size()) ends++;
    EXPECT_EQ(ends, c.items);
    EXPECT_EQ(c.text.substr(c.text.size() - end.size()), end);
    EXPECT_EQ(c.text.find_first_of("{}"), std::string::npos);
    EXPECT_EQ(make_stories(1, 1).items, 1u);
}

TEST(stories, are_varied_and_of_few_words) {
    const Corpus c = make_stories(1000000, 1);
    EXPECT_GT(c.distinct * 5, c.sentences * 2);  // "Of course," and the like stand often
    EXPECT_LT(words_of(c.text).size(), 1000u);
}

TEST(commands, are_the_same_from_the_same_seed_only) {
    EXPECT_EQ(make_commands(50000, 7, Split::train).text, make_commands(50000, 7, Split::train).text);
    EXPECT_NE(make_commands(50000, 7, Split::train).text, make_commands(50000, 8, Split::train).text);
}

TEST(commands, of_the_test_are_all_different_and_none_stands_in_train) {
    std::set<std::string> prompts;
    for (const Line& line : train_lines()) prompts.insert(line.prompt);
    for (const Line& line : test_lines()) EXPECT_TRUE(prompts.insert(line.prompt).second) << line.prompt;
}

TEST(commands, of_train_repeat_what_has_few_wordings) {
    const auto stops_a_timer = [](const Line& line) { return line.completion == R"({"device":"timer","action":"stop"})"; };
    const auto count = std::count_if(train_lines().begin(), train_lines().end(), stops_a_timer);
    EXPECT_GT(size_t(count), train_lines().size() / 50);  // one device in nine, one action in two, less what is held out
}

TEST(commands, mean_one_thing) {
    std::map<std::string, std::string> meaning;
    for (const std::vector<Line>* lines : {&train_lines(), &test_lines()})
        for (const Line& line : *lines) {
            EXPECT_EQ(meaning.emplace(line.prompt, line.completion).first->second, line.completion) << line.prompt;
            const Json action = parse_json(line.completion, "completion");
            EXPECT_TRUE(action.contains("device") && action.contains("action")) << line.completion;
            EXPECT_EQ(line.prompt.find('\n'), line.prompt.size() - 1);
            EXPECT_EQ(line.prompt.find_first_of("{}"), std::string::npos);
        }
    EXPECT_GT(train_lines().size(), 5000u);
    EXPECT_GT(test_lines().size(), 1000u);
}

TEST(commands, ask_the_test_nothing_in_words_that_train_lacks) {
    std::set<std::string> known;
    for (const Line& line : train_lines()) known.merge(words_of(line.prompt + line.completion));
    for (const Line& line : test_lines())
        for (const std::string& word : words_of(line.prompt + line.completion)) EXPECT_TRUE(known.count(word)) << word << " in " << line.prompt;
}

// Tokenizers tell a word at the beginning of a line from one behind a space, so that it must be learnt there.
TEST(commands, begin_the_test_with_words_that_begin_train) {
    std::vector<const Phrases*> all = {&english_ways()};
    for (const Device& device : command_devices())
        for (const Action& action : device.actions) all.insert(all.end(), {&action.orders, &action.remarks});
    const auto beginning = [](const std::string& phrase) { return phrase.substr(0, phrase.find_first_of(" ,")); };
    std::set<std::string> known;
    for (const Phrases* phrases : all)
        for (const char* phrase : phrases->train) known.insert(beginning(phrase));
    for (const Phrases* phrases : all)
        for (const char* phrase : phrases->test) EXPECT_TRUE(known.count(beginning(phrase))) << phrase;
}

// "room" with "kitchen", and so on.
std::set<std::string> values_of(const std::vector<Line>& lines) {
    std::set<std::string> values;
    for (const Line& line : lines) {
        const Json action = parse_json(line.completion, "completion");
        for (const auto& [key, value] : action.items()) values.insert(key + " " + value.dump());
    }
    return values;
}

TEST(commands, keep_values_of_the_test_in_train) {
    const std::set<std::string> known = values_of(train_lines());
    for (const std::string& value : values_of(test_lines())) EXPECT_TRUE(known.count(value)) << value;
}

TEST(commands, hold_out_pairs_of_room_and_device) {
    std::set<std::pair<std::string, std::string>> held_out;
    for (const Room& room : command_rooms())
        for (const Device& device : command_devices())
            if (device.has_room && is_held_out(room, device)) held_out.insert({room.id, device.id});
    EXPECT_GE(held_out.size(), 12u);
    const auto is_held = [&](const Line& line) {
        const Json action = parse_json(line.completion, "completion");
        return action.contains("room") && held_out.count({action["room"], action["device"]}) > 0;
    };
    for (const Line& line : train_lines()) EXPECT_FALSE(is_held(line)) << line.completion;
    size_t in_test = 0;
    for (const Line& line : test_lines()) in_test += is_held(line);
    EXPECT_GT(in_test, test_lines().size() / 5);
    EXPECT_LT(in_test, test_lines().size() * 4 / 5);
}

TEST(commands, hold_out_phrases) {
    for (const Line& line : train_lines())
        for (const char* phrase : {"turn on the kitchen light", "could you please", "switch off the light in the garage", "\xe8\xaf\xb7\xe5\xb8\xae\xe6\x88\x91"})
            EXPECT_EQ(line.prompt.find(phrase), std::string::npos) << line.prompt;
    const auto asks = [](const Line& line) { return line.prompt.rfind("could you please ", 0) == 0; };
    EXPECT_GT(std::count_if(test_lines().begin(), test_lines().end(), asks), 10);
}

}  // namespace
}  // namespace mote::tools
