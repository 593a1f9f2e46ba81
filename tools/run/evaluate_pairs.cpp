// evaluate_pairs: one session, rewound for each prompt.
#include "run/evaluate_pairs.h"

#include <algorithm>

#include "base/error.h"
#include "base/output.h"
#include "model/open_model.h"
#include "run/arena.h"

namespace mote::tools {
namespace {

constexpr size_t margin_tokens = 8;  // a model that is about to say too much shows what

std::string without_last_newlines(const std::string& text) {
    const size_t last = text.find_last_not_of("\r\n");
    return last == std::string::npos ? "" : text.substr(0, last + 1);
}

struct Completer {
    const Model& model;
    Session& session;
    const std::string& file;
    size_t encode_limit;
    bool stops_at_newline;

    uint32_t next_token(const uint32_t* read, size_t count) {
        const Result<uint32_t> token = step_greedy(session, read, count);
        if (token.ok()) return token.value;
        if (token.fault.error == Error::nonfinite)
            refuse_fault(token.fault, file, "logit " + std::to_string(token.fault.where) + " is not a finite number");
        refuse_fault(token.fault, file);
    }

    std::string complete(const std::vector<uint32_t>& prompt) {
        if (!rewind(session, 0).ok()) refuse("E_STATE", file, "the session cannot be rewound");
        std::string text;
        uint32_t token = next_token(prompt.data(), prompt.size());
        for (size_t made = 1; !is_special(model.tokenizer, token); made++) {
            const Span<const char> added = piece(model.tokenizer, token);
            text.append(added.data, added.count);
            const size_t newline = stops_at_newline ? text.find('\n') : std::string::npos;
            if (newline != std::string::npos) return text.substr(0, newline);
            if (made == encode_limit || position(session) == session.plan.context) break;
            token = next_token(&token, 1);
        }
        return text;
    }
};

std::vector<uint32_t> completion_tokens(const Model& model, const Pair& pair, const std::string& file) {
    EncodeOptions plain;
    plain.add_special = false;
    return encode_text(model, pair.completion, plain, file);
}

// The prompt's tokens; the completion must fit behind them, but for its last token, which is never read.
std::vector<uint32_t> prompt_tokens(const Model& model, const Pair& pair, size_t completion, uint32_t context, const std::string& file) {
    const std::string place = file + ": line " + std::to_string(pair.line);
    std::vector<uint32_t> tokens = encode_text(model, pair.prompt, {}, place);
    if (tokens.empty()) refuse("E_EMPTY", place, "the prompt has no tokens, and the tokenizer puts none in front");
    if (tokens.size() + completion > uint64_t(context) + 1)
        throw Failure(Exit::limit, "E_CONTEXT", place, std::nullopt,
                      std::to_string(tokens.size()) + " tokens of prompt and " + std::to_string(completion) + " of completion do not fit a context of " +
                          std::to_string(context) + "; raise -c");
    return tokens;
}

}  // namespace

PairsEvaluation evaluate_pairs(const Model& model, const Options& options, const std::vector<Pair>& pairs, const std::string& file) {
    size_t longest = 0;
    bool lines_inside = false;
    std::vector<std::vector<uint32_t>> prompts;
    for (const Pair& pair : pairs) {
        const size_t tokens = completion_tokens(model, pair, file).size();
        longest = std::max(longest, tokens);
        lines_inside = lines_inside || without_last_newlines(pair.completion).find('\n') != std::string::npos;
        prompts.push_back(prompt_tokens(model, pair, tokens, options.context, file));
    }
    Options greedy = options;
    greedy.greedy = true;
    HostSession host = start_session(model, greedy, file);
    Completer completer{model, host.session, file, longest + margin_tokens, !lines_inside};
    Progress progress("eval", "pairs", pairs.size());
    PairsEvaluation out;
    for (const Pair& pair : pairs) {
        const std::string written = completer.complete(prompts[out.pairs++]);
        if (without_last_newlines(written) != without_last_newlines(pair.completion)) out.misses.push_back({&pair, written});
        progress.at(out.pairs);
    }
    return out;
}

}  // namespace mote::tools
