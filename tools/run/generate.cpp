// generate: the loop that every user of the library writes, with clocks.
#include "run/generate.h"

#include "base/error.h"
#include "base/output.h"
#include "model/open_model.h"

namespace mote::tools {
namespace {

[[noreturn]] void refuse_step(const Fault& f, const std::string& file) {
    if (f.error == Error::nonfinite)
        refuse_fault(f, file, "logit " + std::to_string(f.where) + " is not a finite number; the model's weights are damaged or overflow");
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

uint32_t Generator::next_token(const uint32_t* tokens, size_t count, Generated& out) {
    if (options_.session.greedy) {
        const Result<uint32_t> token = step_greedy(host_.session, tokens, count);
        if (!token.ok()) refuse_step(token.fault, file_);
        return token.value;
    }
    const Result<Span<float>> logits = step(host_.session, tokens, count);
    if (!logits.ok()) refuse_step(logits.fault, file_);
    out.digest = digest(out.digest, {logits.value.data, logits.value.count});
    const Result<uint32_t> token = sample(sampler_, logits.value);
    if (!token.ok()) refuse_step(token.fault, file_);
    return token.value;
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
    uint32_t token = next_token(prompt.data(), prompt.size(), out);
    out.prompt_seconds = seconds() - start_time;
    start_time = seconds();
    while (!count || out.tokens.size() < *count) {
        stop_if_interrupted();
        out.ended = ends(token);
        if (out.ended) break;
        out.tokens.push_back(token);
        on_token(token);
        unread_ = {token};
        if ((count && out.tokens.size() == *count) || full()) break;
        token = next_token(&token, 1, out);
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
