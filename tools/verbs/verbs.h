// verbs: the commands of the host program. Each function declares one verb's options and what runs when it is chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace mote::tools {

void add_pack(CLI::App& program);
void add_export(CLI::App& program);
void add_run(CLI::App& program);
void add_plan(CLI::App& program);
void add_inspect(CLI::App& program);
void add_verify(CLI::App& program);
void add_tokenize(CLI::App& program);
void add_training(CLI::App& program);
void add_tokenizer(CLI::App& program);
void add_corpus(CLI::App& program);
void add_eval(CLI::App& program);
void add_bench(CLI::App& program);
void add_image(CLI::App& program);
void add_targets(CLI::App& program);

/// Exit code of the verb that ran, for verbs whose answer is a code (run --board).
void set_exit_code(int code);

/// Number options are read as text and parsed whole by base/arguments.h, so that 12abc, 0x10 and " 5" are refused.
/// Adds such an option; its value is checked when the command line is parsed.
CLI::Option* add_count(CLI::App& verb, const std::string& names, uint32_t& value, const std::string& help);
CLI::Option* add_real(CLI::App& verb, const std::string& names, float& value, const std::string& help);

/// f32, f16 or q8 for a cache.
CLI::Option* add_cache_format(CLI::App& verb, std::string& value);

}  // namespace mote::tools
