// arena: memory for one session on the host.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/pool.h"
#include "mote/mote.h"

namespace mote::tools {

/// A session with the arena that holds it and the threads that share its work.
struct HostSession {
    std::unique_ptr<void, void (*)(void*)> arena{nullptr, std::free};
    std::unique_ptr<Pool> pool;
    Session session;
};

/// How a session runs; no choice changes a bit of its results.
struct Machine {
    std::string isa;       // row of the kernel table; empty: the fastest
    uint32_t threads = 0;  // 0: as many as make this model fastest, by a short measurement
};

/// A pool as a session wants it; valid as long as the pool.
Workers workers_of(Pool& pool);

/// Plans, allocates exactly plan.total bytes and starts. `model` must stay where it is. Throws Failure.
HostSession start_session(const Model& model, Options options, const std::string& file, const Machine& machine = {});

/// The row of the kernel table with that name; the fastest if the name is empty. Refuses a row that this machine lacks.
const Kernels& kernels_named(const std::string& name);

/// "ref avx2 avx512": the rows that this machine runs, the fastest last.
std::string kernel_names();

/// The largest context that is sensible without a -c: the model's, at most 4096 tokens.
uint32_t default_context(const Model& model);

/// Encodes with a buffer of its own. Throws Failure naming the byte that no token covers.
std::vector<uint32_t> encode_text(const Model& model, std::string_view text, const EncodeOptions& options, const std::string& file);

}  // namespace mote::tools
