// arena: plan, allocate, start, share the work; and text to tokens with buffers from the heap.
#include "run/arena.h"

#include <algorithm>

#include "../core/kernels/kernels.h"
#include "base/error.h"
#include "base/output.h"
#include "model/open_model.h"

namespace mote::tools {

std::string kernel_names() {
    const KernelRows rows = kernel_rows();
    std::string names;
    for (uint32_t i = 0; i < rows.count; i++) names += std::string(i ? " " : "") + rows.row[i]->name;
    return names;
}

const Kernels& kernels_named(const std::string& name) {
    if (name.empty()) return kernels();
    const KernelRows rows = kernel_rows();
    for (uint32_t i = 0; i < rows.count; i++)
        if (name == rows.row[i]->name) return *rows.row[i];
    refuse_usage("--isa " + name + ": this machine runs " + kernel_names());
}

uint32_t default_context(const Model& model) { return std::min(model.architecture->context, 4096u); }

namespace {

void share_work(HostSession& host, uint32_t threads) {
    host.session.workers = Workers{};
    host.pool.reset();
    if (threads == 1) return;
    host.pool = std::make_unique<Pool>(threads);
    host.session.workers = workers_of(*host.pool);
}

Fault read_token(Session& session, uint32_t token) {
    return session.plan.greedy ? step_greedy(session, &token, 1).fault : step(session, &token, 1).fault;
}

// Seconds of one token: the shorter of two after one that wakes threads and caches.
double step_seconds(HostSession& host) {
    const uint32_t token = 0;
    double best = 1e9;
    for (int round = 0; round < 3; round++) {
        const double begin = seconds();
        if (!read_token(host.session, token).ok() || !rewind(host.session, 0).ok()) return best;
        if (round) best = std::min(best, seconds() - begin);
    }
    return best;
}

// One more thread must earn its place; a token that takes less than some handovers has none to share.
void choose_threads(HostSession& host, uint32_t most) {
    constexpr double worth_sharing = 30e-6, gain = 0.95;
    uint32_t chosen = 1;
    double best = step_seconds(host);
    for (uint32_t threads = 2; threads <= most && best > worth_sharing; threads++) {
        share_work(host, threads);
        const double now = step_seconds(host);
        if (now > best * gain) break;
        best = now;
        chosen = threads;
    }
    share_work(host, chosen);
}

}  // namespace

Workers workers_of(Pool& pool) {
    return Workers{pool.count(), [](void* own, Pool::Job job, void* context) { static_cast<Pool*>(own)->run(job, context); }, &pool};
}

HostSession start_session(const Model& model, Options options, const std::string& file, const Machine& machine) {
    options.workers = machine.threads ? machine.threads : std::min(cpu_count(), max_workers);
    const Result<Plan> planned = plan(model, options);
    if (!planned.ok()) {
        if (planned.fault.error == Error::limit && planned.fault.where == 1)
            refuse_usage("-t " + std::to_string(planned.fault.found) + ": at most " + std::to_string(planned.fault.allowed) + " threads");
        if (planned.fault.error == Error::limit)
            refuse_fault(planned.fault, file, "-c " + std::to_string(planned.fault.found) + " is beyond the model's context of " +
                                                  std::to_string(planned.fault.allowed) + " tokens");
        refuse_fault(planned.fault, file);
    }
    HostSession out;
    const size_t rounded = (planned.value.total + 63) / 64 * 64;
    out.arena.reset(std::aligned_alloc(64, rounded));
    if (!out.arena)
        throw Failure(Exit::limit, "E_NOMEM", file, std::nullopt,
                      "the session needs " + std::to_string(planned.value.total) + " bytes; choose a smaller context with -c");
    const Result<Session> started = start(model, planned.value, out.arena.get(), planned.value.total);
    if (!started.ok()) refuse_fault(started.fault, file);
    out.session = started.value;
    out.session.kernels = &kernels_named(machine.isa);
    if (machine.threads) share_work(out, machine.threads);
    else choose_threads(out, options.workers);
    return out;
}

std::vector<uint32_t> encode_text(const Model& model, std::string_view text, const EncodeOptions& options, const std::string& file) {
    if (model.tokenizer.vocab == 0)
        refuse("E_MISSING", file, "the model carries no tokenizer; give token ids with --prompt-ids and read them with --ids");
    const Result<size_t> scratch_bytes = encode_scratch(model.tokenizer, text.size());
    if (!scratch_bytes.ok()) refuse_fault(scratch_bytes.fault, file);
    std::vector<uint32_t> scratch(scratch_bytes.value / 4), tokens(encode_limit(model.tokenizer, text.size()));
    const Result<size_t> count = encode(model.tokenizer, {text.data(), text.size()}, options,
                                        {reinterpret_cast<uint8_t*>(scratch.data()), scratch_bytes.value}, {tokens.data(), tokens.size()});
    if (!count.ok()) {
        if (count.fault.error == Error::missing)
            refuse("E_TOKEN", file, "the tokenizer has no token for byte " + std::to_string(count.fault.found) + " of the text, at position " +
                                        std::to_string(count.fault.where));
        refuse_fault(count.fault, file);
    }
    tokens.resize(count.value);
    return tokens;
}

}  // namespace mote::tools
