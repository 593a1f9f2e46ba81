// eval: loss and perplexity of a text, or how many prompts get the completion that they should.
#include <cmath>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/output.h"
#include "model/open_model.h"
#include "pack/pack.h"
#include "run/arena.h"
#include "run/evaluate.h"
#include "run/evaluate_pairs.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

struct EvalOptions {
    std::string model, file, pairs, kv = "q8";
    uint32_t context = 0, tokens = 0, show = 10;
};

Options session_options(const EvalOptions& o, const Model& model) {
    Options session;
    session.context = o.context ? o.context : default_context(model);
    session.kv = parse_format(o.kv);
    return session;
}

void eval_text(const EvalOptions& o) {
    const OpenModel opened = open_model(o.model);
    const MappedFile text(o.file);
    EncodeOptions encode;
    encode.add_special = false;
    std::vector<uint32_t> tokens = encode_text(opened.model, text.text(), encode, o.model);
    if (o.tokens && tokens.size() > o.tokens) tokens.resize(o.tokens);
    const Options session = session_options(o, opened.model);
    const Evaluation e = evaluate(opened.model, session, tokens, o.model);
    if (e.tokens == 0)
        refuse("E_EMPTY", o.file, "the text has " + std::to_string(tokens.size()) + " tokens; nothing is left to predict");
    char line[320];
    std::snprintf(line, sizeof line,
                  "tokens      %llu (%llu bytes), context %u, cache %s\n"
                  "loss        %.5f nats/token, %.5f bits/token\n"
                  "            %.5f nats/byte, %.5f bits/byte\n"
                  "perplexity  %.4f\n",
                  static_cast<unsigned long long>(e.tokens), static_cast<unsigned long long>(e.bytes), session.context, o.kv.c_str(),
                  e.nats_per_token(), e.nats_per_token() / std::log(2.0), e.nats_per_byte(), e.nats_per_byte() / std::log(2.0),
                  std::exp(e.nats_per_token()));
    print(line);
}

// Texts as JSON strings, so that one stays on its line.
std::string quoted(const std::string& text) { return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

void eval_pairs(const EvalOptions& o) {
    const OpenModel opened = open_model(o.model);
    const std::vector<Pair> pairs = read_pairs(o.pairs);
    const PairsEvaluation e = evaluate_pairs(opened.model, session_options(o, opened.model), pairs, o.pairs);
    char line[160];
    std::snprintf(line, sizeof line, "pairs       %llu\nexact       %llu (%.2f %%)\n", static_cast<unsigned long long>(e.pairs),
                  static_cast<unsigned long long>(e.exact()), e.percent());
    print(line);
    for (size_t i = 0; i < e.misses.size() && i < o.show; i++) {
        const Miss& miss = e.misses[i];
        print("\nline " + std::to_string(miss.pair->line) + "\n  prompt    " + quoted(miss.pair->prompt) + "\n  expected  " +
              quoted(miss.pair->completion) + "\n  written   " + quoted(miss.written) + "\n");
    }
    if (e.misses.size() > o.show) print("\nand " + std::to_string(e.misses.size() - o.show) + " more; --show N lists more of them\n");
}

}  // namespace

void add_eval(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("eval", "Measure how well a model predicts a text, or completes prompts");
    const auto o = std::make_shared<EvalOptions>();
    verb->add_option("-m,--model", o->model, "the .mote file")->required()->type_name("FILE");
    CLI::Option* file = verb->add_option("-f,--file", o->file, "the text")->type_name("FILE");
    CLI::Option* pairs = verb->add_option("--pairs", o->pairs, "instead of a text: lines {\"prompt\": ..., \"completion\": ...} to complete exactly")->type_name("FILE")->excludes(file);
    add_count(*verb, "--show", o->show, "with --pairs: list the first N that failed (default 10)")->needs(pairs);
    add_count(*verb, "-c,--ctx-size", o->context, "tokens of context (default: the model's, at most 4096)");
    add_count(*verb, "-n,--tokens", o->tokens, "only the first N tokens of the text")->needs(file);
    add_cache_format(*verb, o->kv);
    verb->footer("Example: mote eval -m stories.mote -f story.txt\n         mote eval -m commands.mote --pairs test.jsonl");
    verb->callback([o] {
        if (o->file.empty() && o->pairs.empty()) refuse_usage("give a text with -f, or pairs with --pairs");
        if (o->pairs.empty()) eval_text(*o);
        else eval_pairs(*o);
    });
}

}  // namespace mote::tools
