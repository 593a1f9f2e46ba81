// plan: the receipt before flashing. Bytes by purpose, a picture, and the boards that hold them.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "board/boards.h"
#include "model/open_model.h"
#include "pack/pack.h"
#include "run/arena.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

struct PlanOptions {
    std::string model, kv = "q8", board, header;
    uint32_t context = 0, tile = 1, prompt_bytes = 0;
    bool greedy = false, force = false;
};

struct Purpose {
    const char* name;
    char letter;
    const char* what;
    Region Plan::* region;
};
constexpr Purpose purposes[] = {
    {"state", 's', "position", &Plan::state},
    {"cache", 'k', "keys and values of every layer", &Plan::cache},
    {"stream", 'x', "the residual stream of a tile", &Plan::stream},
    {"normed", 'n', "what a sublayer reads and gives back", &Plan::normed},
    {"rope", 'r', "cosines and sines of a tile", &Plan::rope},
    {"quant", 'q', "int8 activations", &Plan::quant},
    {"work", 'w', "attention, feed-forward or logits, in turn", &Plan::work},
};

constexpr size_t bar_width = 64;

// A row of characters, each standing for an equal share of `total`; a purpose with any bytes shows at least once if there is room.
std::string arena_bar(const Plan& p) {
    std::string bar(bar_width, '.');
    for (const Purpose& purpose : purposes) {
        const Region& r = p.*purpose.region;
        if (r.bytes == 0) continue;
        const size_t first = r.offset * bar_width / p.total, last = std::max(first + 1, (r.offset + r.bytes) * bar_width / p.total);
        for (size_t i = first; i < std::min(last, bar_width); i++) bar[i] = purpose.letter;
    }
    return bar;
}

std::string share_bar(uint64_t used, uint64_t available) {
    const size_t filled = available ? size_t(std::min<uint64_t>(bar_width, (used * bar_width + available - 1) / available)) : bar_width;
    return std::string(filled, '#') + std::string(bar_width - filled, '.');
}

template <class... Args>
void print_line(const char* format, Args... args) {
    char text[256];
    std::snprintf(text, sizeof text, format, args...);
    print(std::string(text) + "\n");
}

void print_purposes(const Plan& p) {
    print_line("%-8s %10s %10s  %s", "purpose", "offset", "bytes", "");
    for (const Purpose& purpose : purposes) {
        const Region& r = p.*purpose.region;
        print_line("%-8s %10zu %10zu  %c  %s", purpose.name, r.offset, r.bytes, purpose.letter, purpose.what);
    }
    print_line("%-8s %10s %10zu", "arena", "", p.total);
    print("\n");
    print_line("arena    [%s]", arena_bar(p).c_str());
}

struct Fit {
    bool model, arena;
    uint32_t context;  // the largest whose plan fits the board's arena
};

// What the flags say, for this many tokens.
Options options_of(const PlanOptions& o, uint32_t context) {
    return Options{context, o.tile, parse_format(o.kv), o.prompt_bytes, 1, o.greedy};
}

Fit fit(const Board& board, const OpenModel& opened, const Plan& p, const PlanOptions& o) {
    return Fit{opened.file->size() <= board.model().bytes, p.total <= board.arena_bytes,
               largest_context(opened.model, options_of(o, 0), size_t(board.arena_bytes))};
}

void print_boards(const OpenModel& opened, const Plan& p, const PlanOptions& o) {
    print("\n");
    print_line("%-15s %12s %12s  %-5s %s", "board", "for a model", "for an arena", "fits", "largest context");
    for (const Board& board : boards()) {
        if (!board.has_memory_map()) continue;
        const Fit f = fit(board, opened, p, o);
        print_line("%-15s %12llu %12llu  %-5s %s", board.name.c_str(), static_cast<unsigned long long>(board.model().bytes),
                   static_cast<unsigned long long>(board.arena_bytes), f.model && f.arena ? "yes" : "no",
                   !f.model ? "the model is too large" : f.context ? std::to_string(f.context).c_str() : "none");
    }
}

// One board: two pictures, and a refusal that names both numbers.
void print_board(const Board& board, const OpenModel& opened, const Plan& p, const PlanOptions& o) {
    if (!board.has_memory_map()) refuse_usage("board '" + board.name + "' has files and an operating system; any plan that fits its memory runs");
    const Fit f = fit(board, opened, p, o);
    print("\n");
    print_line("%s: %s", board.name.c_str(), board.title.c_str());
    print_line("flash    [%s] %zu of %llu bytes for the model", share_bar(opened.file->size(), board.model().bytes).c_str(),
               opened.file->size(), static_cast<unsigned long long>(board.model().bytes));
    print_line("ram      [%s] %zu of %llu bytes for the arena", share_bar(p.total, board.arena_bytes).c_str(), p.total,
               static_cast<unsigned long long>(board.arena_bytes));
    print_line("context  %u tokens would fit", f.context);
    flush_output();
    if (!f.model)
        throw Failure(Exit::limit, "E_LIMIT", o.model, std::nullopt,
                      "the model has " + std::to_string(opened.file->size()) + " bytes; " + board.name + " has " + std::to_string(board.model().bytes) +
                          " for it, " + std::to_string(opened.file->size() - board.model().bytes) + " too few");
    if (!f.arena)
        throw Failure(Exit::limit, "E_ARENA", o.model, std::nullopt,
                      "a context of " + std::to_string(p.context) + " needs " + std::to_string(p.total) + " bytes of arena; " + board.name + " has " +
                          std::to_string(board.arena_bytes) + ", " + std::to_string(p.total - board.arena_bytes) + " too few");
}

void write_header(const Plan& p, const OpenModel& opened, const PlanOptions& o) {
    require_different(o.model, o.header);
    require_new(o.header, o.force);
    std::string text = "// Sizes for " + o.model.substr(o.model.rfind('/') + 1) + ", written by `mote plan`. Bytes, unless a name says otherwise.\n#pragma once\n\n#include <stddef.h>\n#include <stdint.h>\n\nnamespace mote_plan {\n\n";
    const auto constant = [&](const char* type, const std::string& name, uint64_t value) {
        text += std::string("constexpr ") + type + " " + name + " = " + std::to_string(value) + ";\n";
    };
    constant("uint32_t", "context_tokens", p.context);
    constant("uint32_t", "tile_tokens", p.tile);
    constant("uint8_t", "cache_format", uint64_t(p.kv));
    constant("size_t", "model_bytes", opened.file->size());
    constant("uint32_t", "model_crc", reinterpret_cast<const FileHeader*>(opened.file->data())->payload_crc);
    for (const Purpose& purpose : purposes) constant("size_t", std::string(purpose.name) + "_bytes", (p.*purpose.region).bytes);
    constant("size_t", "arena_bytes", p.total);
    constant("size_t", "arena_alignment", image_alignment);
    write_whole(o.header, text + "\n}  // namespace mote_plan\n");
}

void run_plan(const PlanOptions& o) {
    const OpenModel opened = open_model(o.model);
    const Result<Plan> planned = plan(opened.model, options_of(o, o.context ? o.context : default_context(opened.model)));
    if (!planned.ok() && planned.fault.error == Error::limit)
        refuse_fault(planned.fault, o.model, "-c " + std::to_string(planned.fault.found) + " is beyond the model's context of " +
                                                 std::to_string(planned.fault.allowed) + " tokens");
    if (!planned.ok()) refuse_fault(planned.fault, o.model);
    const Plan& p = planned.value;
    print_line("model    %zu bytes, used in place", opened.file->size());
    print_line("context  %u tokens, %s cache, prompts in tiles of %u", p.context, o.kv.c_str(), p.tile);
    print("\n");
    print_purposes(p);
    if (!o.header.empty()) write_header(p, opened, o);
    if (o.board.empty()) print_boards(opened, p, o);
    else print_board(board_named(o.board), opened, p, o);
}

}  // namespace

void add_plan(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("plan", "Show the exact memory of a session, and the boards it fits");
    const auto o = std::make_shared<PlanOptions>();
    verb->add_option("-m,--model", o->model, "the .mote file")->required()->type_name("FILE");
    add_count(*verb, "-c,--ctx-size", o->context, "tokens of context (default: the model's, at most 4096)");
    add_cache_format(*verb, o->kv);
    add_count(*verb, "--tile", o->tile, "prompt tokens that share one pass over the weights (default 1)");
    add_count(*verb, "--prompt-bytes", o->prompt_bytes, "reserve scratch to encode prompts of so many bytes in the arena (default 0)");
    verb->add_flag("--greedy", o->greedy, "for the most probable token alone, as run does at --temp 0: no room for the logits");
    verb->add_option("--board", o->board, "one board; exit code 5 if it does not fit (see mote targets)")->type_name("NAME");
    verb->add_option("--header", o->header, "write the sizes as constants of a C++ header")->type_name("FILE");
    verb->add_flag("--force", o->force, "overwrite an existing header");
    verb->footer("Example: mote plan -m stories.mote -c 256 --kv q8 --board netduinoplus2");
    verb->callback([o] { run_plan(*o); });
}

}  // namespace mote::tools
