// eval: loss and perplexity of a text.
#include <cmath>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "model/open_model.h"
#include "pack/pack.h"
#include "run/arena.h"
#include "run/evaluate.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

struct EvalOptions {
    std::string model, file, kv = "q8";
    uint32_t context = 0, tokens = 0;
};

void eval(const EvalOptions& o) {
    const OpenModel opened = open_model(o.model);
    const MappedFile text(o.file);
    EncodeOptions encode;
    encode.add_special = false;
    std::vector<uint32_t> tokens = encode_text(opened.model, text.text(), encode, o.model);
    if (o.tokens && tokens.size() > o.tokens) tokens.resize(o.tokens);
    Options session;
    session.context = o.context ? o.context : default_context(opened.model);
    session.kv = parse_format(o.kv);
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

}  // namespace

void add_eval(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("eval", "Measure how well a model predicts a text");
    const auto o = std::make_shared<EvalOptions>();
    verb->add_option("-m,--model", o->model, "the .mote file")->required()->type_name("FILE");
    verb->add_option("-f,--file", o->file, "the text")->required()->type_name("FILE");
    add_count(*verb, "-c,--ctx-size", o->context, "tokens of context (default: the model's, at most 4096)");
    add_count(*verb, "-n,--tokens", o->tokens, "only the first N tokens of the text");
    add_cache_format(*verb, o->kv);
    verb->footer("Example: mote eval -m stories.mote -f story.txt");
    verb->callback([o] { eval(*o); });
}

}  // namespace mote::tools
