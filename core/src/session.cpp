// session: lays a plan over memory and counts tokens; forward.cpp does the work.
#include "mote/session.h"

#include "../kernels/kernels.h"
#include "forward.h"
#include "state.h"

namespace mote {
namespace {

State& state_of(const Session& session) { return *reinterpret_cast<State*>(session.arena + session.plan.state.offset); }

bool overlaps(const void* a, size_t a_bytes, const void* b, size_t b_bytes) {
    const uintptr_t x = reinterpret_cast<uintptr_t>(a), y = reinterpret_cast<uintptr_t>(b);
    return x < y ? y - x < a_bytes : x - y < b_bytes;
}

bool same(const Region& a, const Region& b) { return a.offset == b.offset && a.bytes == b.bytes; }

// Whether a plan is what `plan` gives for this model.
bool belongs(const Plan& p, const Model& model) {
    const Result<Plan> own = plan(model, Options{p.context, p.tile, p.kv, p.prompt_bytes, p.workers, p.greedy});
    const Plan& o = own.value;
    return own.ok() && o.context == p.context && o.tile == p.tile && o.quant_cols == p.quant_cols && o.total == p.total && same(o.state, p.state) &&
           same(o.cache, p.cache) && same(o.stream, p.stream) && same(o.normed, p.normed) && same(o.rope, p.rope) &&
           same(o.quant, p.quant) && same(o.work, p.work);
}

// Whether these tokens can be run; nothing has changed if not.
Fault check(const Session& session, const uint32_t* tokens, size_t count) {
    if (!session.model || !session.arena || !session.kernels || !tokens || count == 0) return Fault{Error::argument, 0, count, 1};
    const Workers& workers = session.workers;
    if (workers.count == 0 || workers.count > session.plan.workers || (workers.count > 1 && !workers.run))
        return Fault{Error::argument, 0, workers.count, session.plan.workers};
    const uint32_t held = state_of(session).position, vocab = session.model->architecture->vocab;
    if (count > session.plan.context - held) return Fault{Error::context_full, 0, uint64_t(held) + count, session.plan.context};
    for (size_t i = 0; i < count; i++)
        if (tokens[i] >= vocab) return Fault{Error::token, i, tokens[i], vocab - 1};
    return Fault{};
}

// Runs the tokens in tiles. Returns how many the last tile has.
uint32_t run(const Session& session, const uint32_t* tokens, size_t count) {
    State& state = state_of(session);
    for (;;) {
        const uint32_t tile = count < session.plan.tile ? uint32_t(count) : session.plan.tile;
        forward(session, tokens, tile, state.position);
        state.position += tile;
        tokens += tile;
        count -= tile;
        if (count == 0) return tile;
    }
}

}  // namespace

Result<Session> start(const Model& model, const Plan& plan, void* arena, size_t arena_bytes) {
    if (!model.image || !arena || arena_bytes == 0) return Fault{Error::argument, 0, arena_bytes, plan.total};
    const uintptr_t address = reinterpret_cast<uintptr_t>(arena);
    if (address % 16) return Fault{Error::alignment, 0, address % 16, 16};
    if (address + (arena_bytes - 1) < address) return Fault{Error::argument, 0, arena_bytes, plan.total};
    if (!belongs(plan, model)) return Fault{Error::mismatch, 0, plan.total, 0};
    if (arena_bytes < plan.total) return Fault{Error::arena_too_small, 0, arena_bytes, plan.total};
    if (overlaps(arena, plan.total, model.image, model.image_bytes)) return Fault{Error::argument, 0, 0, 0};
    Session session;
    session.model = &model;
    session.plan = plan;
    session.arena = static_cast<uint8_t*>(arena);
    session.kernels = &kernels();
    state_of(session) = State{};
    return session;
}

Result<Span<float>> step(Session& session, const uint32_t* tokens, size_t count) {
    const Fault fault = check(session, tokens, count);
    if (!fault.ok()) return fault;
    if (session.plan.greedy) return Fault{Error::state, 0, 0, 0};
    return Span<float>(logits_of_last(session, run(session, tokens, count)), session.model->architecture->vocab);
}

Result<uint32_t> step_greedy(Session& session, const uint32_t* tokens, size_t count) {
    const Fault fault = check(session, tokens, count);
    if (!fault.ok()) return fault;
    if (!session.plan.greedy) return Fault{Error::state, 0, 0, 0};
    const GreedyScratch& best = greedy_of_last(session, run(session, tokens, count));
    if (!best.finite) return Fault{Error::nonfinite, best.token, 0, 0};
    return best.token;
}

KernelChoice kernel_choice(const Session& session) {
    return {session.kernels->name, session.kernels == &kernels() ? why_these_kernels : "chosen by the caller"};
}

uint32_t position(const Session& session) { return session.arena ? state_of(session).position : 0; }

Fault rewind(Session& session, uint32_t keep) {
    if (!session.arena) return Fault{Error::state, 0, 0, 0};
    State& state = state_of(session);
    if (keep > state.position) return Fault{Error::range, 0, keep, state.position};
    state.position = keep;
    return Fault{};
}

Span<uint8_t> scratch(Session& session) {
    return Span<uint8_t>(session.arena + session.plan.work.offset, session.plan.work.bytes);
}

}  // namespace mote
