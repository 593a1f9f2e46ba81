// run: generates text, on this machine or on a board's emulator.
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <iostream>
#include <memory>
#include <unistd.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "board/run_board.h"
#include "model/open_model.h"
#include "verbs/verbs.h"
#include "pack/pack.h"
#include "run/arena.h"
#include "run/chat.h"
#include "run/generate.h"

namespace mote::tools {
namespace {

constexpr uint32_t default_tile = 32;

struct RunOptions {
    std::string model, prompt, prompt_file, prompt_ids, kv = "q8", seed = "0", board, firmware, isa;
    uint32_t count = 0, context = 0, tile = 0, threads = 0, top_k = 40;
    float temperature = 0.8f, top_p = 0.95f, min_p = 0.05f;
    bool digest = false, ids = false, ignore_eos = false, special = false, no_bos = false, chat = false;
    std::string system;
    const CLI::Option* prompt_option = nullptr;
    const CLI::Option* system_option = nullptr;
    const CLI::Option* count_option = nullptr;
};

std::vector<uint32_t> prompt_tokens(const RunOptions& o, const Model& model, const std::string& text) {
    if (!o.prompt_ids.empty()) return parse_ids("--prompt-ids", o.prompt_ids);
    EncodeOptions encode;
    encode.add_special = !o.no_bos;
    encode.parse_special = o.special;
    return encode_text(model, text, encode, o.model);
}

std::string prompt_text(const RunOptions& o) {
    if (o.prompt_file.empty()) return o.prompt;
    std::string text(MappedFile(o.prompt_file).text());
    if (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

void print_span(Span<const char> text) { print({text.data, text.count}); }

std::string hex_digest(uint64_t digest) {
    char text[17];
    std::snprintf(text, sizeof text, "%016" PRIx64, digest);
    return text;
}

void report(const Generated& g, size_t prompt_count) {
    char text[160];
    std::snprintf(text, sizeof text, "prompt: %zu tokens, %.1f tokens/s; generated: %zu tokens, %.1f tokens/s", prompt_count,
                  double(prompt_count) / std::max(g.prompt_seconds, 1e-9), g.tokens.size(),
                  double(g.tokens.size()) / std::max(g.decode_seconds, 1e-9));
    note(text);
}

GenerateOptions generate_options(const RunOptions& o, const Model& model) {
    GenerateOptions g;
    g.session = Options{o.context ? o.context : default_context(model), o.tile ? o.tile : default_tile, parse_format(o.kv), 0};
    g.session.greedy = o.temperature == 0 && !o.digest;
    g.sampler = SamplerOptions{o.temperature, o.top_k, o.top_p, o.min_p, parse_u64("--seed", o.seed)};
    if (o.count_option->count()) g.count = o.count;
    g.ignore_eos = o.ignore_eos;
    g.chat = o.chat;
    g.machine = Machine{o.isa, o.threads};
    return g;
}

// One answer, as text.
void answer(const RunOptions& o, const Model& model, Generator& generator, const std::vector<uint32_t>& turn) {
    Decoder decoder;
    decoder.tokenizer = &model.tokenizer;
    decoder.show_special = o.special;
    const Generated made = generator.go_on(turn, [&](uint32_t token) {
        const DecodedText piece = decode(decoder, token);
        print_span(piece.head);
        print_span(piece.body);
        flush_output();
    });
    print_span(flush(decoder));
    print("\n");
    flush_output();
    if (o.digest) print("digest " + hex_digest(made.digest) + "\n");
    report(made, turn.size());
    if (generator.full())
        throw Failure(Exit::limit, "E_CONTEXT", o.model, std::nullopt,
                      "the conversation fills the context of " + std::to_string(generator.context()) + " tokens; raise -c");
}

// One turn with -p or -f, else a turn for each line of standard input. Lines without text are passed over.
void chat_here(const RunOptions& o) {
    const OpenModel opened = open_model(o.model);
    const Model& model = opened.model;
    const std::optional<std::string> system = o.system_option->count() ? std::optional<std::string>(o.system) : std::nullopt;
    require_chat(model, system, o.model);
    const ChatSpeech speech = o.special ? ChatSpeech::with_control_tokens : ChatSpeech::plain;
    Generator generator(model, generate_options(o, model), o.model);
    if (o.prompt_option->count() || !o.prompt_file.empty()) {
        answer(o, model, generator, first_turn(model, system, prompt_text(o), speech, o.model));
        return;
    }
    const bool asks = ::isatty(STDIN_FILENO);
    bool first = true;
    for (std::string line; (asks ? std::cerr << "> " : std::cerr) && std::getline(std::cin, line);) {
        stop_if_interrupted();
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        answer(o, model, generator, first ? first_turn(model, system, line, speech, o.model) : next_turn(model, line, speech, o.model));
        first = false;
    }
}

void run_here(const RunOptions& o) {
    const OpenModel opened = open_model(o.model);
    const Model& model = opened.model;
    const std::string text = prompt_text(o);
    const std::vector<uint32_t> prompt = prompt_tokens(o, model, text);
    if (!o.ids && model.tokenizer.vocab == 0)
        refuse("E_MISSING", o.model, "the model carries no tokenizer; print token ids with --ids");
    const GenerateOptions g = generate_options(o, model);

    Decoder decoder;
    decoder.tokenizer = &model.tokenizer;
    decoder.show_special = o.special;
    const auto show = [&](uint32_t token) {
        const DecodedText piece = decode(decoder, token);
        print_span(piece.head);
        print_span(piece.body);
    };
    if (!o.ids)
        for (const uint32_t token : prompt) show(token);
    bool first = true;
    const Generated made = generate(model, prompt, g, o.model, [&](uint32_t token) {
        if (o.ids) print((first ? "" : " ") + std::to_string(token));
        else show(token);
        first = false;
        flush_output();
    });
    if (!o.ids) print_span(flush(decoder));
    print("\n");
    if (o.digest) print("digest " + hex_digest(made.digest) + "\n");
    report(made, prompt.size());
}

// The shortest decimal that reads back as the same float.
std::string shortest(float value) {
    char text[64];
    return std::string(text, std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr);
}

void run_on_board(const RunOptions& o) {
    BoardRun run;
    run.board = o.board;
    run.firmware = o.firmware;
    run.model = o.model;
    run.prompt = prompt_text(o);
    run.arguments = {"--kv", o.kv, "--temp", shortest(o.temperature), "--top-k", std::to_string(o.top_k), "--top-p",
                     shortest(o.top_p), "--min-p", shortest(o.min_p), "-s", std::to_string(parse_u64("--seed", o.seed))};
    if (o.count_option->count()) run.arguments.insert(run.arguments.end(), {"-n", std::to_string(o.count)});
    if (o.tile) run.arguments.insert(run.arguments.end(), {"--tile", std::to_string(o.tile)});
    if (o.context) run.arguments.insert(run.arguments.end(), {"-c", std::to_string(o.context)});
    if (!o.prompt_ids.empty()) {
        parse_ids("--prompt-ids", o.prompt_ids);
        run.arguments.insert(run.arguments.end(), {"--prompt-ids", o.prompt_ids});
    }
    if (o.digest) run.arguments.push_back("--digest");
    if (o.ids) run.arguments.push_back("--ids");
    if (o.ignore_eos) run.arguments.push_back("--ignore-eos");
    if (o.special) run.arguments.push_back("--special");
    if (o.no_bos) run.arguments.push_back("--no-bos");
    set_exit_code(run_board(run));
}

}  // namespace

void add_run(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("run", "Generate text with a model, here or on a board's emulator");
    const auto o = std::make_shared<RunOptions>();
    verb->add_option("-m,--model", o->model, "the .mote file")->required()->type_name("FILE");
    CLI::Option* text = verb->add_option("-p,--prompt", o->prompt, "text to continue")->type_name("TEXT");
    CLI::Option* file = verb->add_option("-f,--file", o->prompt_file, "file with the text to continue")->type_name("FILE");
    CLI::Option* ids = verb->add_option("--prompt-ids", o->prompt_ids, "token ids to continue, such as 1,403")->type_name("IDS");
    text->excludes(file)->excludes(ids);
    file->excludes(ids);
    o->prompt_option = text;
    CLI::Option* chat = verb->add_flag("--chat", o->chat, "talk in turns, in the form of the model's chat template: -p is one, else each line of standard input");
    chat->excludes(ids);
    o->system_option = verb->add_option("--system", o->system, "with --chat: what the model is told before the first turn")->needs(chat)->type_name("TEXT");
    o->count_option = add_count(*verb, "-n,--predict", o->count, "tokens to generate (default: until the end token or a full context)");
    add_count(*verb, "-c,--ctx-size", o->context, "tokens of context (default: the model's, at most 4096; on a board what fits)");
    add_cache_format(*verb, o->kv);
    add_count(*verb, "--tile", o->tile, "prompt tokens that share one pass over the weights (default 32; on a board 1); changes no bit of the result");
    add_real(*verb, "--temp", o->temperature, "temperature; 0 takes the most probable token (default 0.8)");
    add_count(*verb, "--top-k", o->top_k, "draw from the K most probable tokens; 0: all (default 40)");
    add_real(*verb, "--top-p", o->top_p, "draw from the fewest tokens that hold this probability; 1: all (default 0.95)");
    add_real(*verb, "--min-p", o->min_p, "drop tokens below this fraction of the most probable; 0: none (default 0.05)");
    verb->add_option("-s,--seed", o->seed, "seed of the draw (default 0)")->type_name("N");
    verb->add_flag("--digest", o->digest, "print one hash over the bits of all logits");
    verb->add_flag("--ids", o->ids, "print token ids instead of text")->excludes(chat);
    verb->add_flag("--ignore-eos", o->ignore_eos, "go on after the end token");
    verb->add_flag("--special", o->special, "read control tokens in the prompt, and show them in the text");
    verb->add_flag("--no-bos", o->no_bos, "do not put the begin token in front");
    CLI::Option* threads = add_count(*verb, "-t,--threads", o->threads, "threads that share the work (default: measured); changes no bit of the result");
    CLI::Option* isa = verb->add_option("--isa", o->isa, "kernels to run, of those that mote targets lists (default: the fastest)")->type_name("NAME");
    verb->add_option("--board", o->board, "run the firmware of this board in its emulator (see mote targets)")->excludes(isa)->excludes(threads)->excludes(chat)->type_name("NAME");
    verb->add_option("--firmware", o->firmware, "with --board: the firmware to run instead of the one that was built")->type_name("FILE");
    verb->footer("Example: mote run -m stories.mote -p \"Once upon a time\" -n 100 --temp 0");
    verb->callback([o] {
        if (o->chat) chat_here(*o);
        else if (o->board.empty()) run_here(*o);
        else run_on_board(*o);
    });
}

}  // namespace mote::tools
