// corpus: text that was made, and how varied it is.
#pragma once

#include <cstdint>
#include <string>

namespace mote::tools {

/// The items are stories, counted by their sentences, or commands, counted by their prompts.
struct Corpus {
    std::string text;
    uint64_t items = 0, sentences = 0, distinct = 0;
};

}  // namespace mote::tools
