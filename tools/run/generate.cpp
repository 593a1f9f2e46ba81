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

Sampler checked_sampler(const SamplerOptions& options) {
    const Result<Sampler> chooser = sampler(options);
    if (chooser.ok()) return chooser.value;
    static const char* const rules[] = {"--temp must be 0 or more", "--top-p must be above 0 and at most 1", "--min-p must be from 0 to 1"};
    refuse_usage(rules[chooser.fault.where]);
}

}  // namespace

Generator::Generator(const Model& model, const GenerateOptions& options, const std::string& file)
    : model_(model), options_(options), file_(file), sampler_(checked_sampler(options.sampler)),
      host_(start_session(model, options.session, file, options.machine)) {}

bool Generator::ends(uint32_t token) const {
    if (options_.ignore_eos || model_.tokenizer.vocab == 0) return false;
    return token == model_.tokenizer.header().eos || (options_.chat && ends_turn(model_.tokenizer, token));
}

Generated Generator::go_on(const std::vector<uint32_t>& added, const std::function<void(uint32_t)>& on_token) {
    std::vector<uint32_t> prompt = unread_;
    prompt.insert(prompt.end(), added.begin(), added.end());
    if (prompt.empty()) refuse("E_EMPTY", file_, "the prompt has no tokens, and the tokenizer puts none in front");
    const std::optional<uint32_t>& count = options_.count;
    const uint64_t room = context(), held = position(host_.session) + prompt.size();
    if (count && held + *count > room + 1)  // the last token made is never read
        throw Failure(Exit::limit, "E_CONTEXT", file_, std::nullopt,
                      std::to_string(held) + " prompt tokens and -n " + std::to_string(*count) + " do not fit a context of " +
                          std::to_string(room) + " tokens; lower -n or raise -c");

    Generated out;
    unread_.clear();
    double start_time = seconds();
    Span<float> logits = checked_step(host_.session, prompt.data(), prompt.size(), file_);
    out.prompt_seconds = seconds() - start_time;
    start_time = seconds();
    while (!count || out.tokens.size() < *count) {
        stop_if_interrupted();
        out.digest = digest(out.digest, {logits.data, logits.count});
        const Result<uint32_t> token = sample(sampler_, logits);
        if (!token.ok()) refuse_fault(token.fault, file_, "logit " + std::to_string(token.fault.where) + " is not a finite number; the model's weights are damaged or overflow");
        out.ended = ends(token.value);
        if (out.ended) break;
        out.tokens.push_back(token.value);
        on_token(token.value);
        unread_ = {token.value};
        if ((count && out.tokens.size() == *count) || full()) break;
        logits = checked_step(host_.session, &token.value, 1, file_);
        unread_.clear();
    }
    out.decode_seconds = seconds() - start_time;
    return out;
}

Generated generate(const Model& model, const std::vector<uint32_t>& prompt, const GenerateOptions& options, const std::string& file,
                   const std::function<void(uint32_t)>& on_token) {
    if (prompt.empty()) refuse("E_EMPTY", file, "the prompt has no tokens, and the tokenizer puts none in front");
    return Generator(model, options, file).go_on(prompt, on_token);
}

}  // namespace mote::tools
