// bench: tokens a second on this machine.
#include <cstdio>
#include <memory>

#include "base/arguments.h"
#include "base/error.h"
#include "base/json.h"
#include "base/output.h"
#include "pack/pack.h"
#include "run/bench.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

struct BenchArguments {
    std::string model, kv = "q8", threads = "0", depths = "0,256", isa;
    uint32_t tile = 32, decode = 64, prefill = 128, rounds = 5;
    bool json = false;
};

void print_table(const Bench& b, const BenchArguments& o) {
    char line[256];
    std::snprintf(line, sizeof line, "model    %llu bytes, %llu of them read for each token\nsession  context %u, %s cache, %s kernels, %llu bytes of arena\n\n",
                  static_cast<unsigned long long>(b.model_bytes), static_cast<unsigned long long>(b.weight_bytes), b.context, o.kv.c_str(),
                  b.isa.c_str(), static_cast<unsigned long long>(b.arena_bytes));
    print(line);
    print("| threads | test | tokens/s | of read bandwidth |\n|---|---|---|---|\n");
    for (const Speed& s : b.speeds) {
        char share[16] = "";
        if (!s.prefill) std::snprintf(share, sizeof share, "%.0f %%", 100 * s.read_share);
        const std::string test = s.prefill ? "prefill of " + std::to_string(s.tokens)
                                           : "decode of " + std::to_string(s.tokens) + " at " + std::to_string(s.depth);
        std::snprintf(line, sizeof line, "| %u | %s | %.1f | %s |\n", s.threads, test.c_str(), s.tokens_per_second, share);
        print(line);
    }
    std::snprintf(line, sizeof line, "\nstart to first token  %.3f ms\nmemory                %.2f MiB beyond the program's own, %.2f of them model and arena\n",
                  b.first_token_seconds * 1e3, double(b.peak_bytes) / (1 << 20), double(b.model_bytes + b.arena_bytes) / (1 << 20));
    print(line);
}

void print_json(const Bench& b, const BenchArguments& o) {
    Json speeds = Json::array();
    for (const Speed& s : b.speeds) {
        Json row{{"threads", s.threads}, {"test", s.prefill ? "prefill" : "decode"}, {"tokens", s.tokens}, {"tokens_per_s", s.tokens_per_second}};
        if (!s.prefill) row.update({{"depth", s.depth}, {"read_share", s.read_share}});
        speeds.push_back(row);
    }
    const Json all{{"model", o.model}, {"model_bytes", b.model_bytes}, {"weight_bytes_per_token", b.weight_bytes}, {"arena_bytes", b.arena_bytes},
                   {"context", b.context}, {"kv", o.kv}, {"isa", b.isa}, {"first_token_s", b.first_token_seconds}, {"peak_bytes", b.peak_bytes},
                   {"speeds", speeds}};
    print(all.dump(2) + "\n");
}

void run_bench(const BenchArguments& o) {
    BenchOptions b;
    b.threads = parse_ids("--threads", o.threads);
    b.depths = parse_ids("--depth", o.depths);
    b.decode = o.decode;
    b.prefill = o.prefill;
    b.rounds = o.rounds;
    b.session = Options{0, o.tile, parse_format(o.kv), 0};
    b.isa = o.isa;
    if (b.rounds == 0 || b.decode == 0) refuse_usage("-r and -n must be 1 or more");
    const Bench result = bench(o.model, b);
    if (o.json) print_json(result, o);
    else print_table(result, o);
}

}  // namespace

void add_bench(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("bench", "Measure tokens a second on this machine");
    const auto o = std::make_shared<BenchArguments>();
    verb->add_option("-m,--model", o->model, "the .mote file")->required()->type_name("FILE");
    verb->add_option("-t,--threads", o->threads, "thread counts to measure, such as 1,2; 0: what run would choose (default 0)")->type_name("N,...");
    verb->add_option("-c,-d,--depth", o->depths, "tokens already in the cache when decoding begins (default 0,256)")->type_name("N,...");
    add_count(*verb, "-n,--decode", o->decode, "tokens to make one by one at each depth (default 64)");
    add_count(*verb, "-p,--prefill", o->prefill, "tokens of the prompt to read; 0: none (default 128)");
    add_count(*verb, "-r,--rounds", o->rounds, "measurements of each, of which the median counts (default 5)");
    add_count(*verb, "--tile", o->tile, "prompt tokens that share one pass over the weights (default 32)");
    add_cache_format(*verb, o->kv);
    verb->add_option("--isa", o->isa, "kernels to run, of those that mote targets lists (default: the fastest)")->type_name("NAME");
    verb->add_flag("--json", o->json, "print JSON instead of a table");
    verb->footer("Example: mote bench -m stories.mote -t 1,2 -c 0,256");
    verb->callback([o] { run_bench(*o); });
}

}  // namespace mote::tools
