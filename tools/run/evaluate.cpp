// evaluate: token by token, because every position's logits count.
#include "run/evaluate.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/output.h"
#include "model/open_model.h"
#include "run/arena.h"

namespace mote::tools {

double negative_log_likelihood(Span<const float> logits, uint32_t token) {
    const double largest = double(*std::max_element(logits.begin(), logits.end()));
    double sum = 0;
    for (const float& logit : logits) sum += std::exp(double(logit) - largest);
    return std::log(sum) + largest - double(logits[token]);
}

Evaluation evaluate(const Model& model, const Options& options, const std::vector<uint32_t>& tokens, const std::string& file,
                    const LogitsObserver& observe) {
    HostSession host = start_session(model, options, file);
    const uint32_t bos = model.tokenizer.vocab ? model.tokenizer.header().bos : no_token;
    const bool begins = bos != no_token && (model.tokenizer.header().flags & tokenizer_add_bos);
    Evaluation out;
    Progress progress("eval", "tokens", tokens.size());
    for (size_t i = 0; i < tokens.size();) {
        const size_t first = i;
        if (!rewind(host.session, 0).ok()) refuse("E_STATE", file, "the session cannot be rewound");
        uint32_t read = begins ? bos : tokens[i++];
        while (i < tokens.size() && position(host.session) < host.session.plan.context) {
            const Result<Span<float>> logits = step(host.session, &read, 1);
            if (!logits.ok()) refuse_fault(logits.fault, file);
            const double nats = negative_log_likelihood({logits.value.data, logits.value.count}, tokens[i]);
            if (!std::isfinite(nats)) refuse("E_NONFINITE", file, "the logits before token " + std::to_string(i) + " of the text are not finite");
            if (observe) observe({logits.value.data, logits.value.count});
            out.nats += nats;
            out.tokens++;
            out.bytes += piece(model.tokenizer, tokens[i]).count;
            read = tokens[i++];
            progress.at(i);
        }
        if (i == first + 1 && !begins && i < tokens.size()) break;  // a context of one token predicts nothing
    }
    return out;
}

}  // namespace mote::tools
