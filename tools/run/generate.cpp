// generate: the loop that every user of the library writes, with clocks.
#include "run/generate.h"

#include "base/error.h"
#include "base/output.h"
#include "model/open_model.h"

namespace mote::tools {
namespace {

Span<float> checked_step(Session& session, const uint32_t* tokens, size_t count, const std::string& file) {
    const Result<Span<float>> logits = step(session, tokens, count);
    if (logits.ok()) return logits.value;
    const Fault& f = logits.fault;
    if (f.error == Error::token)
        refuse_fault(f, file, "token id " + std::to_string(f.found) + " at place " + std::to_string(f.where) + " is not in the vocabulary (0 to " +
                                  std::to_string(f.allowed) + ")");
    if (f.error == Error::context_full)
        refuse_fault(f, file, "the prompt has " + std::to_string(f.found) + " tokens; the context holds " + std::to_string(f.allowed) +
                                  ": shorten the prompt or raise -c");
    refuse_fault(f, file);
}

}  // namespace

Generated generate(const Model& model, const std::vector<uint32_t>& prompt, const GenerateOptions& options, const std::string& file,
                   const std::function<void(uint32_t)>& on_token) {
    if (prompt.empty()) refuse("E_EMPTY", file, "the prompt has no tokens, and the tokenizer puts none in front");
    Result<Sampler> chooser = sampler(options.sampler);
    if (!chooser.ok()) {
        static const char* const rules[] = {"--temp must be 0 or more", "--top-p must be above 0 and at most 1", "--min-p must be from 0 to 1"};
        refuse_usage(rules[chooser.fault.where]);
    }
    HostSession host = start_session(model, options.session, file, options.machine);
    Generated out;
    const uint32_t eos = model.tokenizer.vocab ? model.tokenizer.header().eos : no_token;
    const uint32_t room = host.session.plan.context;
    if (options.count && prompt.size() + *options.count > uint64_t(room) + 1)  // the last token made is never read
        throw Failure(Exit::limit, "E_CONTEXT", file, std::nullopt,
                      std::to_string(prompt.size()) + " prompt tokens and -n " + std::to_string(*options.count) + " do not fit a context of " +
                          std::to_string(room) + " tokens; lower -n or raise -c");

    double start_time = seconds();
    Span<float> logits = checked_step(host.session, prompt.data(), prompt.size(), file);
    out.prompt_seconds = seconds() - start_time;
    start_time = seconds();
    while (!options.count || out.tokens.size() < *options.count) {
        stop_if_interrupted();
        out.digest = digest(out.digest, {logits.data, logits.count});
        const Result<uint32_t> token = sample(chooser.value, logits);
        if (!token.ok()) refuse_fault(token.fault, file, "logit " + std::to_string(token.fault.where) + " is not a finite number; the model's weights are damaged or overflow");
        out.ended = token.value == eos && !options.ignore_eos;
        if (out.ended) break;
        out.tokens.push_back(token.value);
        on_token(token.value);
        if (options.count && out.tokens.size() == *options.count) break;
        if (position(host.session) == room) break;
        logits = checked_step(host.session, &token.value, 1, file);
    }
    out.decode_seconds = seconds() - start_time;
    return out;
}

}  // namespace mote::tools
