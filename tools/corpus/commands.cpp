// commands: draws a device, an action, a room, a number, a phrase and a way to ask, and keeps what belongs to its half.
#include "corpus/commands.h"

#include <unordered_set>

#include "base/json.h"
#include "base/output.h"
#include "corpus/command_phrases.h"
#include "corpus/grammar.h"

namespace mote::tools {
namespace {

struct Command {
    std::string prompt, completion;
    bool held_out;  // something of it appears in the test half only
};

struct Choice {
    const char* text;
    bool held_out;
};

// One in four from the test half, so that a line seldom has more than one thing that is new.
Choice choose(const Phrases& phrases, Random& random) {
    const bool held_out = !phrases.test.empty() && random.below(4) == 0;
    return {random.one_of(held_out ? phrases.test : phrases.train), held_out};
}

// What is said, before room and number are filled in.
struct Sentence {
    std::string text;
    bool held_out;
};

Sentence sentence_of(const Action& action, bool chinese, const Grammar& grammar, Random& random) {
    const bool remark = !chinese && !action.remarks.train.empty() && random.below(4) == 0;
    const Choice phrase = choose(chinese ? action.chinese : remark ? action.remarks : action.orders, random);
    if (remark || (chinese && phrase.text[0] == '{')) return {phrase.text, phrase.held_out};
    const Choice way = choose(chinese ? chinese_ways() : english_ways(), random);
    return {grammar.expand(way.text, {{"order", phrase.text}}, random), phrase.held_out || way.held_out};
}

std::string value_said(int value, bool chinese, Random& random) {
    const bool in_words = !chinese && value >= 1 && value <= 60 && random.below(3) == 0;
    return in_words ? number_word(value) : std::to_string(value);
}

Command make_command(const Grammar& grammar, Random& random) {
    const Device& device = random.one_of(command_devices());
    const Action& action = random.one_of(device.actions);
    const Room& room = random.one_of(command_rooms());
    const bool chinese = random.below(4) == 0;
    const Sentence sentence = sentence_of(action, chinese, grammar, random);
    const Range& range = action.values;
    const int steps = range.step ? (range.last - range.first) / range.step + 1 : 1;
    const int value = range.first + range.step * static_cast<int>(random.below(static_cast<size_t>(steps)));
    const Bindings said = {{"room", chinese ? room.chinese : room.english}, {"value", value_said(value, chinese, random)}};
    const Bindings meant = {{"value", std::to_string(value)}};
    std::string meaning = std::string("{\"device\":\"") + device.id + "\",";
    if (device.has_room) meaning += std::string("\"room\":\"") + room.id + "\",";
    return {grammar.expand(sentence.text, said, random) + "\n", meaning + grammar.expand(action.json, meant, random) + "}",
            sentence.held_out || (device.has_room && is_held_out(room, device))};
}

std::string line_of(const Command& command) {
    return "{\"prompt\":" + Json(command.prompt).dump() + ",\"completion\":" + Json(command.completion).dump() + "}\n";
}

}  // namespace

// About one pair in six, and each room and each device in some of them only.
bool is_held_out(const Room& room, const Device& device) {
    const size_t r = static_cast<size_t>(&room - command_rooms().data()), d = static_cast<size_t>(&device - command_devices().data());
    return (r + d) % 6 == 0;
}

Corpus make_commands(uint64_t bytes, uint64_t seed, Split split) {
    constexpr int tries = 10000;  // as many repeats in a row mean that little is left to say
    const Grammar grammar({});
    Random random(seed * 2 + (split == Split::test ? 1 : 0));
    Corpus corpus;
    std::unordered_set<std::string> seen;
    Progress progress("commands", "bytes", bytes);
    for (int repeats = 0; repeats < tries; repeats++) {
        const Command command = make_command(grammar, random);
        if (command.held_out != (split == Split::test)) continue;
        if (seen.count(command.prompt) && split == Split::test) continue;
        const std::string line = line_of(command);
        if (corpus.items > 0 && corpus.text.size() + line.size() > bytes) break;
        repeats = 0;
        seen.insert(command.prompt);
        corpus.text += line;
        corpus.items++;
        if (corpus.text.size() >= bytes) break;
        progress.at(corpus.text.size());
    }
    corpus.sentences = corpus.items;
    corpus.distinct = seen.size();
    return corpus;
}

}  // namespace mote::tools
