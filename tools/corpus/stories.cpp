// stories: chooses who, where and what for one story, so that they agree in all its sentences, and expands a plot.
#include "corpus/stories.h"

#include <unordered_set>

#include "base/output.h"
#include "corpus/grammar.h"
#include "corpus/story_rules.h"

namespace mote::tools {
namespace {

// he, him, his as `prefix`he and so on.
void bind_person(Bindings& b, const std::string& role, const std::string& prefix, const Person& person) {
    const bool she = person.gender == Gender::she;
    b[role] = person.name;
    b[prefix + "he"] = she ? "she" : "he";
    b[prefix + "him"] = she ? "her" : "him";
    b[prefix + "his"] = she ? "her" : "his";
    b[prefix + "child"] = she ? "girl" : "boy";
}

Bindings cast_of_a_story(const Grammar& grammar, Random& random) {
    Bindings b;
    const Person& hero = random.one_of(story_people());
    const Person* other = &random.one_of(story_people());
    while (other == &hero) other = &random.one_of(story_people());
    bind_person(b, "hero", "", hero);
    bind_person(b, "friend", "f", *other);
    const Animal& animal = random.one_of(story_animals());
    b["animal"] = animal.name;
    b["an_animal"] = animal.with_article;
    b["sound"] = animal.sound;
    const Skill& skill = random.one_of(story_skills());
    b["skill"] = skill.base;
    b["skilled"] = skill.past;
    b["skill_place"] = skill.place;
    const Place& place = random.one_of(story_places());
    b["place"] = place.name;
    b["at_place"] = place.where;
    b["hideout"] = place.hideout;
    for (const char* name : {"thing", "color", "grown_up", "food", "plant", "gift", "feeling", "weather_bad"})
        b[name] = grammar.expand("{" + std::string(name) + "s}", b, random);
    return b;
}

bool ends_sentence(const std::string& text, size_t at) {
    const char c = text[at];
    return (c == '.' || c == '!' || c == '?') && (at + 1 == text.size() || text[at + 1] == ' ' || text[at + 1] == '\n' || text[at + 1] == '"');
}

void count_sentences(const std::string& story, Corpus& corpus, std::unordered_set<std::string>& seen) {
    size_t begin = 0;
    for (size_t at = 0; at < story.size(); at++) {
        if (!ends_sentence(story, at)) continue;
        const size_t first = story.find_first_not_of(" \n\"", begin);
        corpus.sentences++;
        seen.insert(story.substr(first, at + 1 - first));
        begin = at + 1;
    }
}

}  // namespace

Corpus make_stories(uint64_t bytes, uint64_t seed) {
    const Grammar grammar(story_rules());
    Random random(seed);
    Corpus corpus;
    std::unordered_set<std::string> seen;
    Progress progress("stories", "bytes", bytes);
    for (;;) {
        const Bindings cast = cast_of_a_story(grammar, random);
        const std::string story = grammar.expand("{story}", cast, random) + "\n";
        const std::string end = "<|endoftext|>\n";
        if (corpus.items > 0 && corpus.text.size() + story.size() + end.size() > bytes) break;
        count_sentences(story, corpus, seen);
        corpus.text += story + end;
        corpus.items++;
        if (corpus.text.size() >= bytes) break;
        progress.at(corpus.text.size());
    }
    corpus.distinct = seen.size();
    return corpus;
}

}  // namespace mote::tools
