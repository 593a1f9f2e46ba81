// train: a model from text.
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/output.h"
#include "train/trainer.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

struct TrainVerb {
    TrainOptions options;
    bool dry_run = false;
    std::vector<std::pair<std::string, const CLI::Option*>> given;
};

void run_train(TrainVerb& o) {
    for (const auto& [name, option] : o.given)
        if (option->count()) o.options.given.insert(name);
    if (o.options.settings.data.empty() && !o.options.resume) refuse_usage("--data is required; a run that exists goes on with --resume");
    if (o.dry_run) {
        if (o.options.resume) refuse_usage("--dry-run describes a new run; it does not go with --resume");
        return print(describe_run(o.options));
    }
    if (o.options.run.empty()) refuse_usage("-o is required: the folder of the run");
    const TrainResult r = train(o.options);
    char text[256];
    std::snprintf(text, sizeof text, "steps            %llu\nvalidation loss  %.4f nats a token\nbest             %.4f, in %s/best\nspeed            %.0f tokens/s\n",
                  static_cast<unsigned long long>(r.steps), r.validation_loss, r.best_loss, o.options.run.c_str(), r.tokens_per_second);
    print(text);
}

CLI::Option* add_setting(CLI::App& verb, TrainSettings& settings, const SettingField& field) {
    const std::string name = std::string("--") + field.name;
    if (const auto* number = std::get_if<uint32_t TrainSettings::*>(&field.member)) return add_count(verb, name, settings.**number, field.help);
    if (const auto* flag = std::get_if<bool TrainSettings::*>(&field.member))
        return verb.add_flag(name + ",!--" + field.negation, settings.**flag, field.help);
    if (const auto* real = std::get_if<float TrainSettings::*>(&field.member)) return add_real(verb, name, settings.**real, field.help);
    return verb.add_option(name, settings.*std::get<std::string TrainSettings::*>(field.member), field.help)->type_name("NAME");
}

}  // namespace

void add_training(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("train", "Train a model on text");
    const auto o = std::make_shared<TrainVerb>();
    TrainSettings& settings = o->options.settings;
    verb->add_option("--data", settings.data, "texts and folders of texts, or .jsonl files with a prompt and a completion a line")->type_name("FILE...");
    verb->add_option("-o,--output", o->options.run, "folder of the run: checkpoints, log.jsonl, loss.svg")->type_name("DIR");
    for (const SettingField& field : setting_fields()) o->given.emplace_back(field.name, add_setting(*verb, settings, field));
    verb->add_flag("--resume", o->options.resume, "go on from the newest checkpoint, with the same bits as without a stop");
    verb->add_flag("--dry-run", o->dry_run, "say what the run would cost, and stop");
    verb->footer("Example: mote train --data shakespeare.txt --tokenizer char --steps 2000 -o runs/shakespeare");
    verb->callback([o] { run_train(*o); });
}

}  // namespace mote::tools
