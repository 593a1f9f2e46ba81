// settings: what the arguments of say, bench and selftest mean. They are those that users of llama.cpp know.
#pragma once

#include "mote/mote.h"

namespace mote::app {

constexpr uint32_t no_limit = 0xffffffff;

struct Settings {
    const char* model = nullptr;       // -m FILE: only where there are files
    Span<char> prompt;                 // -p TEXT, or --prompt-hex of it, already decoded; -p - reads a line from the console
    bool prompt_from_console = false;
    const char* prompt_ids = nullptr;  // --prompt-ids 1,403
    uint32_t count = no_limit;         // -n: tokens to generate; absent: until the end token or a full context
    Options options;                   // -c, --kv, --tile; context 0: as large as the arena allows
    SamplerOptions sampler;            // --temp, --top-k, --top-p, --min-p, -s
    bool ids = false;                  // --ids: print token ids instead of text
    bool digest = false;               // --digest: print one number over the bits of all logits
    bool special = false;              // --special: read control tokens in the prompt, show them in the text
    bool no_bos = false;               // --no-bos: do not put the begin token in front
    bool ignore_eos = false;           // --ignore-eos: go on after the end token
};

/// Reads the program's arguments into `memory`; the settings point into it. Memory that was used: `used`.
/// Returns 0, or the exit code after a note that says what is wrong.
int read_settings(Span<uint8_t> memory, Settings& settings, size_t& used);

/// The next id of a list such as "1,403"; moves `list` behind it. False where there is no number of 32 bits.
bool next_id(const char*& list, uint32_t& id);

}  // namespace mote::app
