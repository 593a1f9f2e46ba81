// story_rules: eight plots; a plot is a row of beats, and a beat one of several ways to tell it.
#include "corpus/story_rules.h"

namespace mote::tools {

const std::vector<Person>& story_people() {
    static const std::vector<Person> people = {
        {"Lily", Gender::she},  {"Anna", Gender::she}, {"Mia", Gender::she},  {"Sara", Gender::she}, {"Nora", Gender::she},
        {"Emma", Gender::she},  {"Rosa", Gender::she}, {"Lucy", Gender::she}, {"Zoe", Gender::she},  {"Mei", Gender::she},
        {"Amina", Gender::she}, {"Tom", Gender::he},   {"Ben", Gender::he},   {"Max", Gender::he},   {"Sam", Gender::he},
        {"Leo", Gender::he},    {"Tim", Gender::he},   {"Jack", Gender::he},  {"Omar", Gender::he},  {"Noah", Gender::he},
        {"Finn", Gender::he},   {"Wei", Gender::he},  {"Ella", Gender::she}, {"Ivy", Gender::she},  {"Kate", Gender::she},
        {"Lena", Gender::she},  {"Maya", Gender::she}, {"Ruth", Gender::she}, {"Ali", Gender::he},   {"Dan", Gender::he},
        {"Hugo", Gender::he},   {"Jim", Gender::he},   {"Nico", Gender::he},  {"Paul", Gender::he},  {"Ravi", Gender::he}};
    return people;
}

const std::vector<Animal>& story_animals() {
    static const std::vector<Animal> animals = {
        {"dog", "a dog", "Woof"},    {"cat", "a cat", "Meow"},      {"bird", "a bird", "Tweet"},    {"duck", "a duck", "Quack"},
        {"frog", "a frog", "Ribbit"}, {"owl", "an owl", "Hoo"},      {"mouse", "a mouse", "Squeak"}, {"sheep", "a sheep", "Baa"},
        {"pony", "a pony", "Neigh"}, {"hen", "a hen", "Cluck"},     {"bee", "a bee", "Buzz"},       {"goose", "a goose", "Honk"}};
    return animals;
}

const std::vector<Skill>& story_skills() {
    static const std::vector<Skill> skills = {
        {"swim", "swam", "in the lake"},          {"ride a bike", "rode a bike", "on the road"},
        {"climb a tree", "climbed a tree", "in the garden"}, {"fly a kite", "flew a kite", "on the hill"},
        {"bake a cake", "baked a cake", "in the kitchen"},   {"sing a song", "sang a song", "at school"},
        {"draw a horse", "drew a horse", "at the table"},    {"jump over the rope", "jumped over the rope", "in the yard"},
        {"catch a ball", "caught a ball", "in the field"},   {"play the drum", "played the drum", "in the big room"},
        {"build a tower", "built a tower", "on the floor"},  {"skate", "skated", "on the ice"},
        {"tie a knot", "tied a knot", "on the boat"},        {"write a letter", "wrote a letter", "at the desk"}};
    return skills;
}

const std::vector<Place>& story_places() {
    static const std::vector<Place> places = {
        {"the park", "in the park", "under a bench"},        {"the forest", "in the forest", "behind an old tree"},
        {"the beach", "on the beach", "behind a big rock"},  {"the farm", "on the farm", "in the hay"},
        {"the garden", "in the garden", "under a bush"},     {"the river", "by the river", "between two stones"},
        {"the school", "at school", "behind the door"},      {"the market", "at the market", "under a table"},
        {"the hill", "on the hill", "in the tall grass"},    {"the lake", "by the lake", "in a little boat"},
        {"the playground", "on the playground", "under the slide"}, {"the library", "in the library", "behind the books"},
        {"the barn", "in the barn", "on top of a box"},      {"the zoo", "at the zoo", "near the gate"}};
    return places;
}

const std::vector<Rule>& story_rules() {
    static const std::vector<Rule> rules = {
        {"story", {"{lost}", "{wish}", "{quarrel}", "{kind}", "{noise}", "{gift_plot}", "{seed}", "{storm}"}},

        // ---- words
        {"things", {"ball", "hat", "kite", "drum", "doll", "book", "boat", "cup", "scarf", "train", "bell", "box", "spoon", "blanket", "robot", "coat"}},
        {"colors", {"red", "blue", "green", "yellow", "pink", "white", "black", "brown", "gray", "purple"}},
        {"grown_ups", {"mom", "dad", "grandma", "grandpa", "aunt", "uncle"}},
        {"foods", {"bread", "soup", "cake", "rice", "apples", "cookies", "cheese", "berries", "noodles", "pears"}},
        {"plants", {"flower", "bean", "pumpkin", "tree", "carrot", "rose", "tomato", "sunflower"}},
        {"gifts", {"card", "necklace", "picture", "basket", "toy", "puppet", "hat", "kite"}},
        {"feelings", {"happy", "proud", "glad", "cheerful", "full of joy"}},
        {"weather_bads", {"rain", "snow", "wind", "thunder", "fog"}},
        {"kind_of", {"kind", "little", "clever", "brave", "funny", "quiet", "curious", "friendly"}},
        {"size", {"big", "small", "little", "tiny"}},
        {"loud", {"loud", "strange", "soft", "terrible"}},
        {"time", {"One day", "One morning", "One sunny day", "One afternoon", "On Sunday", "One cold day", "After breakfast", "In the evening"}},
        {"soon", {"Soon", "After a while", "Then", "A little later", "At last", "In the end"}},
        {"very", {"very", "so", "really"}},
        {"sad", {"sad", "upset", "unhappy", "worried"}},
        {"said", {"said", "asked", "called"}},
        {"liked", {"liked", "loved"}},
        {"game", {"play", "run and jump", "look at the clouds", "hop on one leg", "count the birds", "sing", "dance", "tell jokes"}},
        {"thanks", {"Thank you", "Thank you so much", "Thanks a lot", "Oh, thank you"}},
        {"ok", {"Yes", "Of course", "All right", "Sure", "Good idea"}},

        {"wears", {"shirt", "hat", "scarf", "coat", "ribbon", "bag", "cap", "jacket"}},
        {"skies", {"sky", "water", "morning light", "grass", "evening sun"}},
        {"looks", {"clear", "calm", "bright", "beautiful", "soft", "golden", "warm"}},
        {"nice", {"pretty", "nice", "funny", "warm", "beautiful", "big", "clean"}},
        {"carried", {"in {his} bag", "in a basket", "under {his} arm", "in both hands", "on {his} head"}},

        // ---- what makes each day a little different
        {"detail",
         {"{Hero} had a {colors} {wears}, and {friend} had a {colors} one.", "The {skies} was {looks}, and {hero} could smell the {plants} near {place}.",
          "{Hero} had some {foods} and a {colors} {things} {carried}.", "\"What did you eat today?\" asked {friend}. \"Some {foods} and some {foods},\" said {hero}.",
          "{His} {grown_ups} wore a {colors} {wears} and sang about a {plants}.", "The {skies} was {looks}, and the {skies} was {looks}.",
          "\"Your {wears} is {very} {nice},\" said {friend}, and {hero} smiled.", "They saw a {colors} {things} and a {size} {plants} on the way."}},
        {"day", {"{open}", "{open} {detail}", "{open} {detail}"}},
        {"evening", {"{close}", "{close}", "{detail} {evening}"}},

        // ---- beginnings and endings, shared by all plots
        {"open",
         {"Once upon a time, there was a {kind_of} {child} named {hero}. {He} {liked} to {game} {at_place}.",
          "{Hero} was a {kind_of} {child} who lived near {place}. Every day {he} went there to {game}.",
          "There was once a {child} called {hero}. {He} was {very} {kind_of}, and {he} {liked} {food}.",
          "{Hero} and {friend} were good friends. They {liked} to {game} together {at_place}.",
          "A {kind_of} {child} named {hero} lived in a {size} house with {his} {grown_up}. {He} had a {color} {thing} that {he} {liked} {very} much."}},
        {"close",
         {"{Soon} they all went home and ate {food}.", "That night {hero} slept well and dreamed of {place}.",
          "From that day on, {hero} and {friend} were the best of friends.", "{Hero} was {very} {feeling}, and so was {friend}.",
          "{His} {grown_up} smiled and gave {him} a big hug.", "They laughed and had {food} under the stars.",
          "And {hero} never forgot that day {at_place}."}},

        // ---- a thing is lost and found
        {"lost", {"{day}\n\n{lost_away} {lost_feel} {lost_ask}\n\n{lost_look} {lost_found} {lost_learn} {evening}"}},
        {"lost_away",
         {"{time}, {hero} could not find {his} {color} {thing}. {He} looked in the house, but it was not there.",
          "{time}, {hero} took {his} {color} {thing} to {place}. {He} ran too fast, and the {thing} fell down and was gone.",
          "{time}, the wind took the {color} {thing} away from {hero}. It flew high over {place}.",
          "{time}, {an_animal} took the {color} {thing} and ran away with it. \"{Sound}!\" it said."}},
        {"lost_feel",
         {"{Hero} was {very} {sad}.", "{He} sat down and began to cry.", "{He} did not know what to do, because the {thing} was a present from {his} {grown_up}.",
          "{Hero} felt {sad}, for {he} {liked} the {thing} more than all {his} other things."}},
        {"lost_ask",
         {"\"What is wrong?\" asked {friend}. \"I lost my {thing},\" said {hero}. \"Can you help me?\" \"{Ok},\" said {friend}.",
          "{Friend} came by and saw {him}. \"Do not cry,\" {fhe} said. \"We will find your {color} {thing} together.\"",
          "\"Have you seen my {thing}?\" {hero} asked {friend}. \"No,\" said {friend}, \"but I will look for it with you.\""}},
        {"lost_look",
         {"They looked here and there. They asked {an_animal}, but it only said, \"{Sound}!\"", "First they looked near the house. Then they looked {at_place}.",
          "They walked and walked. {Friend} looked up, and {hero} looked down.", "{Friend} looked {hideout}, and {hero} looked behind the wall."}},
        {"lost_found",
         {"{Soon} {friend} saw something {color} {hideout}. It was the {thing}!", "\"Look!\" {said} {hero}. The {thing} was {hideout}.",
          "{Soon} the {animal} said \"{Sound}!\" and showed them a spot {hideout}. There was the {color} {thing}."}},
        {"lost_learn",
         {"\"{Thanks},\" said {hero}. \"I will take better care of it now.\"", "{Hero} gave {friend} some {food} to say thank you.",
          "\"You are a good friend,\" said {hero}. \"Let us play with the {thing} together.\""}},

        // ---- a wish, tries, and a helper
        {"wish", {"{day}\n\n{wish_want} {wish_fail} {wish_feel}\n\n{wish_help} {wish_try} {wish_can} {evening}"}},
        {"wish_want",
         {"{Hero} wanted to {skill}, but {he} did not know how.", "{time}, {hero} saw {friend}, who could {skill} {skill_place}. \"I want to do that too,\" said {hero}.",
          "More than anything, {hero} wished to {skill}.", "\"I wish I could {skill},\" {hero} said to {his} {grown_up}."}},
        {"wish_fail",
         {"{He} tried it {skill_place}, but it did not work.", "{time}, {he} tried to {skill}, and it all went wrong.",
          "{He} tried once. {He} tried again. It was too hard.", "The first time, {he} fell on {his} nose and got a {color} spot on {his} shirt."}},
        {"wish_feel",
         {"\"I will never learn it,\" {hero} said.", "{Hero} was {sad} and wanted to give up.", "{An_animal} saw it and said, \"{Sound}!\" It was as if it laughed at {him}."}},
        {"wish_help",
         {"\"Do not give up,\" said {his} {grown_up}. \"You must do it slowly.\"", "\"I can show you,\" said {friend}. \"First look at me, and then you try.\"",
          "{Friend} took {him} by the hand. \"It was hard for me too,\" {fhe} said. \"We will do it every day.\""}},
        {"wish_try",
         {"So they went to the same place every day.", "{Hero} tried again and again, even in the {weather_bad}.", "On the first day it was bad. On the second day it was better.",
          "{He} worked hard for a week, and {friend} was always there."}},
        {"wish_can",
         {"{Soon} {hero} {skilled} {skill_place}. \"I can do it!\" {he} called.", "{Soon} it happened: {hero} {skilled}, and everyone clapped.",
          "\"Look at me!\" said {hero}, and {he} {skilled} as if it were easy. {Friend} was {very} {feeling}."}},

        // ---- a quarrel about a thing
        {"quarrel", {"{day}\n\n{q_want} {q_fight} {q_break}\n\n{q_think} {q_sorry} {q_share} {evening}"}},
        {"q_want",
         {"{time}, {hero} and {friend} found a {color} {thing} {at_place}. Both of them wanted it.", "{time}, {friend} brought a {size} {color} {thing}. {Hero} wanted to have it at once.",
          "{time}, {his} {grown_up} gave the two friends one {color} {thing}. There was only one!"}},
        {"q_fight",
         {"\"It is mine!\" said {hero}. \"No, it is mine!\" said {friend}.", "\"Give it to me!\" called {hero}. \"I had it first,\" said {friend}.",
          "{Hero} pulled on one side, and {friend} pulled on the other."}},
        {"q_break",
         {"Then the {thing} fell on the ground, and a piece came off.", "Then the {thing} broke in two.", "Then {an_animal} came, took the {thing} and ran off.",
          "Then {friend} began to cry and went home."}},
        {"q_think",
         {"{Hero} was alone now, and it was no fun to play alone.", "{Hero} felt bad. {He} thought about it for a long time.", "\"A friend is better than a {thing},\" said {his} {grown_up}."}},
        {"q_sorry",
         {"So {hero} went to {friend} and said, \"I am sorry.\" \"I am sorry too,\" said {friend}.", "\"I was not nice to you,\" {hero} said to {friend}. \"Please be my friend again.\" \"{Ok},\" said {friend}.",
          "{Hero} took some {food} and gave it to {friend}. \"I am sorry,\" {he} said."}},
        {"q_share",
         {"They made the {thing} good again and took turns with it.", "Now {friend} had it in the morning, and {hero} had it in the evening.", "They shared everything from then on, even the {food}."}},

        // ---- a kind deed that comes back
        {"kind", {"{day}\n\n{k_meet} {k_help} {k_bye}\n\n{k_later} {k_back} {k_learn} {evening}"}},
        {"k_meet",
         {"{time}, {hero} met {an_animal} {at_place}. It had hurt its leg.", "{time}, {hero} heard a soft sound {hideout}. It was {an_animal}, and it could not get out.",
          "{time}, {an_animal} came to the house of {hero}. It was thin and {very} hungry."}},
        {"k_help",
         {"\"Poor {animal},\" said {hero}. {He} gave it {food} and some water.", "{Hero} was careful. {He} took the {animal} home in {his} {color} {thing}.",
          "{He} called {friend}, and together they helped the {animal}.", "{Hero} sat with the {animal} until it felt better."}},
        {"k_bye",
         {"The {animal} said \"{Sound}!\" and went away.", "After three days the {animal} was well, and it ran back to {place}.", "\"Be well, my friend,\" said {hero}, and the {animal} looked back once."}},
        {"k_later",
         {"A week later, {hero} lost {his} way {at_place}. It was dark.", "Later, {hero} fell into the water and called for help.", "In the winter, {hero} was out in the {weather_bad} and could not see the road."}},
        {"k_back",
         {"Then {he} heard \"{Sound}!\" The {animal} had come to show {him} the way home.", "Who came to help? It was the {animal}! It called \"{Sound}!\" until {friend} came.",
          "But the {animal} saw {him}. It stayed with {him} until {his} {grown_up} was there."}},
        {"k_learn", {"\"You helped me, as I helped you,\" said {hero}.", "If you are kind to others, they will be kind to you.", "\"{Thanks},\" said {hero}, and {he} was {feeling}."}},

        // ---- a noise in the dark
        {"noise", {"{day}\n\n{n_hear} {n_fear} {n_ask}\n\n{n_go} {n_find} {n_laugh} {evening}"}},
        {"n_hear",
         {"One night, {hero} heard a strange noise. It came from {place}.", "{time}, there was a {loud} noise {at_place}. Bump, bump, bump!", "One dark night, something moved {hideout}."}},
        {"n_fear",
         {"{Hero} was afraid and hid under a {color} blanket.", "\"Is it a monster?\" {hero} thought. {His} heart beat fast.", "{He} wanted to run away, but {he} was also curious."}},
        {"n_ask",
         {"\"Did you hear that?\" {he} asked {friend}. \"Yes,\" said {friend}. \"Let us go and see.\"", "{He} called {his} {grown_up}. \"Take a lamp, and we will look together,\" said the {grown_up}.",
          "\"I am not brave,\" said {hero}. \"You are,\" said {friend}, \"if you go with me.\""}},
        {"n_go",
         {"They went slowly, one step after the other.", "They took a lamp and a {color} {thing} and went out into the {weather_bad}.", "{Hero} went first, and {friend} held {his} hand."}},
        {"n_find",
         {"And what did they see {hideout}? It was only {an_animal}! \"{Sound}!\" it said.", "It was no monster. It was {an_animal} that played with a {thing}.",
          "There was the {animal}, and it was more afraid than they were."}},
        {"n_laugh",
         {"They laughed until they had to sit down.", "\"And I was afraid of you!\" said {hero}, and gave it some {food}.", "Now {hero} knew that most things are small when you look at them with a lamp."}},

        // ---- a present that is made, not bought
        {"gift_plot", {"{day}\n\n{g_day} {g_no} {g_idea}\n\n{g_make} {g_give} {g_say} {evening}"}},
        {"g_day", {"It was the birthday of {friend}.", "Tomorrow was the birthday of {friend}, and {hero} wanted to give {fhim} something.", "{Friend} was ill and had to stay in bed."}},
        {"g_no", {"But {hero} had no money.", "{Hero} looked at the market, but everything cost too much.", "\"What can I give {fhim}?\" {hero} asked {his} {grown_up}."}},
        {"g_idea",
         {"Then {he} had an idea. {He} would make a {gift}!", "\"You can make something,\" said {his} {grown_up}. \"A {gift} from you is the best.\"", "{Hero} thought of the {gift} that {friend} {liked} so much."}},
        {"g_make",
         {"{He} worked all day. {He} used {color} paper and a piece of string.", "{His} {grown_up} helped a little, but {hero} did most of it.", "It was not easy. The first {gift} was bad, but the second one was good."}},
        {"g_give",
         {"Then {he} took the {gift} to {friend}.", "\"This is for you,\" {hero} said to {friend}. \"I made this {gift}.\"", "{Friend} opened {fhis} eyes wide. \"A {gift}! For me?\" {fhe} asked."}},
        {"g_say", {"\"It is the best {gift} of all,\" said {friend}.", "\"{Thanks}! You made it with your own hands,\" said {friend}.", "{Friend} was {very} {feeling} and had to smile all day."}},

        // ---- something grows
        {"seed", {"{day}\n\n{s_get} {s_plant} {s_wait}\n\n{s_care} {s_grow} {s_end} {evening}"}},
        {"s_get", {"{time}, {his} {grown_up} gave {hero} a seed. \"This will be a {plant},\" said the {grown_up}.", "{time}, {hero} found a {size} seed {hideout}.", "{time}, {friend} had two seeds and gave one to {hero}."}},
        {"s_plant", {"{Hero} put it into the ground and gave it water.", "{He} took a {color} pot, put earth into it, and then the seed.", "They made a hole near the house, and {hero} put the seed in."}},
        {"s_wait",
         {"The next day {he} looked, but there was nothing.", "{Hero} waited one day, two days, three days. Nothing came.", "\"Why does it not grow?\" {hero} asked. \"You have to wait,\" said {his} {grown_up}."}},
        {"s_care", {"Every morning {he} gave it water.", "When the {weather_bad} came, {hero} put a box over it.", "{Friend} sang to it, and {hero} told it stories."}},
        {"s_grow", {"{Soon} there was a green leaf!", "{Soon} a {plant} stood there, as high as {hero}.", "The {plant} grew and grew, and it was the most beautiful {plant} {at_place}."}},
        {"s_end", {"\"Good things take time,\" said {hero}.", "{An_animal} came to see it and said, \"{Sound}!\"", "{Hero} gave the first one to {friend}, because {fhe} had helped."}},

        // ---- bad weather, and a way out
        {"storm", {"{day}\n\n{t_plan} {t_come} {t_problem}\n\n{t_idea} {t_do} {t_after} {evening}"}},
        {"t_plan",
         {"{time}, {hero} and {friend} wanted to go to {place}.", "{time}, {hero} and {friend} were {at_place} with a basket of {food}.", "\"Let us {game} {at_place},\" {hero} said to {friend}. \"{Ok}!\" said {friend}."}},
        {"t_come", {"But then the {weather_bad} came.", "But the sky got dark, and there was {weather_bad} everywhere.", "All at once there was so much {weather_bad} that they could not go on."}},
        {"t_problem",
         {"They were cold, and the {food} fell on the ground.", "{Friend} was afraid and held on to {hero}.", "The road home was gone, and {an_animal} sat there and was afraid too."}},
        {"t_idea",
         {"\"I know!\" said {hero}. \"We can sit {hideout}.\"", "\"We can make a little house of branches,\" said {friend}.", "\"Do not be afraid,\" said {hero}. \"My {grown_up} says that after {weather_bad} there is always sun.\""}},
        {"t_do", {"They sat close together and told stories.", "They sang until they were warm, and the {animal} sang with them: \"{Sound}!\"", "{Hero} put {his} {color} coat around {friend}."}},
        {"t_after",
         {"{Soon} the {weather_bad} was over, and the sun came out.", "{Soon} {his} {grown_up} came with a lamp and found them.", "{Soon} there was a rainbow over {place}. \"How beautiful!\" {said} {friend}."}},
    };
    return rules;
}

}  // namespace mote::tools
