// stories: simple stories for small models to learn from, in eight plots and a few hundred words.
#pragma once

#include "corpus/corpus.h"

namespace mote::tools {

/// Whole stories, as many as fit `bytes` and at least one. Each ends with a line "<|endoftext|>".
/// The same seed gives the same text everywhere.
Corpus make_stories(uint64_t bytes, uint64_t seed);

}  // namespace mote::tools
