// session: one conversation with a model in an arena. No pointers are stored in the arena.
#pragma once

#include "mote/plan.h"

namespace mote {

struct Kernels;  // core/kernels/kernels.h

/// Who shares a session's work: threads of a pool, or the cores of a chip. The caller provides them; core starts nothing.
struct Workers {
    uint32_t count = 1;  // with the caller
    /// Runs job(context, worker) for every worker in [0, count), 0 on the caller, at once; returns when all have.
    void (*run)(void* pool, void (*job)(void* context, uint32_t worker), void* context) = nullptr;
    void* pool = nullptr;
};

/// What a session's calls need. Cheap to copy; all that changes lies in the arena.
struct Session {
    const Model* model = nullptr;
    Plan plan;
    uint8_t* arena = nullptr;
    const Kernels* kernels = nullptr;  // the row that runs; `start` takes the fastest, any other gives the same bits
    Workers workers;                   // `start` leaves one; up to plan.workers give the same bits
};

/// Lays a plan over memory.
///   arena  at a multiple of 16, `arena_bytes` >= plan.total; previous contents do not matter
/// Errors: argument (null, or the arena overlaps the model or wraps), alignment, arena_too_small (`found`, `allowed`: bytes),
/// mismatch (the plan is not one of this model).
Result<Session> start(const Model& model, const Plan& plan, void* arena, size_t arena_bytes);

/// Runs the model over `tokens` and returns the logits that follow the last one.
/// The logits, f32[vocab], lie in the arena and hold until the next call on the session.
/// Any split of the tokens over calls, and any tile, gives the same bits.
/// Errors, with the session unchanged: argument (no tokens, or more workers than the plan has scratch for), token (`where`: its
/// index), context_full (`found`: tokens asked for in all, `allowed`: context), state (the plan is greedy: no room for logits).
Result<Span<float>> step(Session& session, const uint32_t* tokens, size_t count);

/// Runs the model over `tokens` and returns the most probable token after the last one, the lowest id among equals: what `sample`
/// takes at temperature 0. The logits are never there all at once, and the plan has no room for them.
/// Errors: those of step, where state says that the plan is not greedy; nonfinite (`where`: the token whose logit is not a finite
/// number), after the tokens were taken.
Result<uint32_t> step_greedy(Session& session, const uint32_t* tokens, size_t count);

/// The row of kernels that a session, once started, runs, and why it is that one; for a person.
struct KernelChoice {
    const char* name;    // "ref", "dsp", "avx512": core/kernels/README.md
    const char* reason;
};
KernelChoice kernel_choice(const Session& session);

/// Tokens that the session holds.
uint32_t position(const Session& session);

/// Forgets all tokens after the first `keep`. Errors: range (`keep` is more than the session holds).
Fault rewind(Session& session, uint32_t keep);

/// Memory that no call needs between two steps, apart from the logits, which lie in it: for `encode`.
Span<uint8_t> scratch(Session& session);

}  // namespace mote
