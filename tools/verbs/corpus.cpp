// corpus: makes text to train small models on, when there is none at hand.
#include <cstdio>
#include <memory>

#include "base/arguments.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "corpus/commands.h"
#include "corpus/stories.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

constexpr uint64_t max_bytes = uint64_t(4) << 30;  // it is made in memory

struct CorpusOptions {
    std::string bytes = "1000000", seed = "0", output, split = "train";
    bool force = false;
};

void write_corpus(const CorpusOptions& o, const Corpus& corpus, const char* items, const char* parts) {
    write_whole(o.output, corpus.text);
    char text[200];
    std::snprintf(text, sizeof text, ": %zu bytes, %llu %s, %llu %s, %llu of them distinct (%.1f %%)", corpus.text.size(),
                  static_cast<unsigned long long>(corpus.items), items, static_cast<unsigned long long>(corpus.sentences), parts,
                  static_cast<unsigned long long>(corpus.distinct), 100.0 * double(corpus.distinct) / double(corpus.sentences));
    note(o.output + text);
}

void write_stories(const CorpusOptions& o) {
    require_new(o.output, o.force);
    write_corpus(o, make_stories(parse_u64("--bytes", o.bytes, max_bytes), parse_u64("--seed", o.seed)), "stories", "sentences");
}

void write_commands(const CorpusOptions& o) {
    require_new(o.output, o.force);
    const uint64_t bytes = parse_u64("--bytes", o.bytes, max_bytes);
    const Corpus corpus = make_commands(bytes, parse_u64("--seed", o.seed), o.split == "test" ? Split::test : Split::train);
    write_corpus(o, corpus, "commands", "prompts");
    if (corpus.text.size() < bytes / 10 * 9) note("There is little else to say in this language of commands; the file is shorter than --bytes.");
}

std::shared_ptr<CorpusOptions> add_options(CLI::App& verb) {
    const auto o = std::make_shared<CorpusOptions>();
    verb.add_option("--bytes", o->bytes, "size of the file at most (default 1000000)")->type_name("N");
    verb.add_option("-s,--seed", o->seed, "the same seed gives the same file (default 0)")->type_name("N");
    verb.add_option("-o,--output", o->output, "the file to write")->required()->type_name("FILE");
    verb.add_flag("--force", o->force, "overwrite an existing output");
    return o;
}

}  // namespace

void add_corpus(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("corpus", "Make text to train small models on");
    verb->require_subcommand(1);
    verb->footer("Example: mote corpus stories --bytes 10000000 -o stories.txt");

    CLI::App* stories = verb->add_subcommand("stories", "Simple stories, each with a line <|endoftext|> behind it");
    const auto s = add_options(*stories);
    stories->footer("Example: mote corpus stories --bytes 10000000 -o stories.txt");
    stories->callback([s] { write_stories(*s); });

    CLI::App* commands = verb->add_subcommand("commands", "What people say to devices, and the action as JSON: lines {\"prompt\": ..., \"completion\": ...}");
    const auto c = add_options(*commands);
    commands->add_option("--split", c->split, "train, or test: phrases and places that train never has, in words that it has (default train)")
        ->check(CLI::IsMember({"train", "test"}));
    commands->footer("Example: mote corpus commands --split test --bytes 100000 -o test.jsonl");
    commands->callback([c] { write_commands(*c); });
}

}  // namespace mote::tools
