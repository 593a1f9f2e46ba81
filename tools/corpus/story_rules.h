// story_rules: the words and sentences of the stories. Data only; stories.cpp puts them together.
#pragma once

#include <vector>

#include "corpus/grammar.h"

namespace mote::tools {

enum class Gender { she, he };

struct Person {
    const char* name;
    Gender gender;
};

struct Animal {
    const char *name, *with_article, *sound;  // sound: what it "said"
};

struct Skill {
    const char *base, *past, *place;
};

struct Place {
    const char *name, *where, *hideout;  // "the park", "in the park", "under a bench"
};

const std::vector<Person>& story_people();
const std::vector<Animal>& story_animals();
const std::vector<Skill>& story_skills();
const std::vector<Place>& story_places();

/// The rule "story" is a whole one. Names that are bound: hero, he, him, his, child and the same of friend with f in front; animal,
/// an_animal, sound; skill, skilled, skill_place; place, at_place, hideout; thing, color, grown_up, food, plant, gift, feeling,
/// weather_bad, each from the rule of that name with an s.
const std::vector<Rule>& story_rules();

}  // namespace mote::tools
