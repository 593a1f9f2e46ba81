// main: the table of verbs, and the one line that every refusal prints.
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <new>
#include <unistd.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/output.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

int exit_code = 0;

using Verb = void (*)(CLI::App&);
constexpr Verb verbs[] = {add_pack,   add_export,   add_run,  add_plan,  add_inspect, add_verify, add_tokenize, add_tokenizer,
                          add_corpus, add_training, add_eval, add_bench, add_image,   add_targets};

// A program started with closed standard streams must not print into a file that it opens later.
void open_standard_streams() {
    for (int fd = 0; fd <= 2; fd++)
        if (::fcntl(fd, F_GETFD) == -1 && errno == EBADF) (void)!::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
}

std::vector<std::string> option_names(const CLI::App& verb) {
    std::vector<std::string> names;
    for (const CLI::Option* option : verb.get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    }
    return names;
}

// The known name nearest to the first word that nothing accepted.
std::string suggestion(const CLI::App& program, int argc, char** argv) {
    std::vector<std::string> verb_names;
    for (const CLI::App* verb : program.get_subcommands({})) verb_names.push_back(verb->get_name());
    const std::string first = argc > 1 ? argv[1] : "";
    for (const CLI::App* verb : program.get_subcommands({})) {
        if (verb->get_name() != first) continue;
        const std::vector<std::string> names = option_names(*verb);
        for (int i = 2; i < argc; i++) {
            const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
            const bool known = std::find(names.begin(), names.end(), word) != names.end();
            if (word.size() > 1 && word[0] == '-' && !known) return nearest(word, names);
        }
        return "";
    }
    return nearest(first, verb_names);
}

int run(int argc, char** argv) {
    CLI::App program{"mote: language models in fixed memory, from a checkpoint to a board", "mote"};
    program.require_subcommand(1);
    program.set_version_flag("--version", std::string("mote ") + MOTE_VERSION);
    program.footer("Each verb explains itself: mote VERB --help");
    for (const Verb add : verbs) add(program);
    try {
        program.parse(argc, argv);
        flush_output();
    } catch (const CLI::CallForHelp& e) {
        return program.exit(e);
    } catch (const CLI::CallForVersion& e) {
        return program.exit(e);
    } catch (const CLI::ParseError& e) {
        const std::string near = suggestion(program, argc, argv);
        std::fprintf(stderr, "mote: error E_ARG: %s%s\n", e.what(), near.empty() ? "" : ("; did you mean " + near + "?").c_str());
        return int(Exit::usage);
    }
    return exit_code;
}

}  // namespace

void set_exit_code(int code) { exit_code = code; }

}  // namespace mote::tools

int main(int argc, char** argv) {
    using namespace mote::tools;
    open_standard_streams();
    watch_signals();
    try {
        return run(argc, argv);
    } catch (const Failure& e) {
        std::fprintf(stderr, "mote: %s\n", e.what());
        return int(e.exit());
    } catch (const std::bad_alloc&) {
        std::fprintf(stderr, "mote: error E_NOMEM: there is not enough memory\n");
        return int(Exit::limit);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "mote: error E_INTERNAL: %s; this is a bug in mote\n", e.what());
        return int(Exit::internal);
    }
}
