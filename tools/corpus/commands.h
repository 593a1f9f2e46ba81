// commands: what people say to the devices of a home or a workshop, each with the action that it means, as JSON.
#pragma once

#include "corpus/corpus.h"

namespace mote::tools {

/// Which half of the language. Every line of the test half has a phrase, a way to ask, or a pair of room and device that the
/// training half never has; each of its words and JSON values does appear there, and the word that its English phrase begins with
/// begins a phrase there.
enum class Split { train, test };

/// Lines {"prompt": ..., "completion": ...}, as many as fit `bytes` (at least one). A prompt ends with a line end, so that prompt
/// and completion can be put together as they are; the completion is one line of JSON. The train half repeats itself as people do:
/// what has few wordings would drown in what has many if each stood there once. The test half's lines are all different, as many
/// as the language has.
/// The same seed gives the same lines everywhere.
Corpus make_commands(uint64_t bytes, uint64_t seed, Split split);

struct Room;
struct Device;

/// Whether this room's device is kept for the test half.
bool is_held_out(const Room& room, const Device& device);

}  // namespace mote::tools
