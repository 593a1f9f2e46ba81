// arena: memory for one session on the host.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mote/mote.h"

namespace mote::tools {

/// A session with the arena that holds it.
struct HostSession {
    std::unique_ptr<void, void (*)(void*)> arena{nullptr, std::free};
    Session session;
};

/// Plans, allocates exactly plan.total bytes and starts. `model` must stay where it is. Throws Failure.
HostSession start_session(const Model& model, const Options& options, const std::string& file);

/// The row of the kernel table with that name; the fastest if the name is empty. Refuses a row that this machine lacks.
const Kernels& kernels_named(const std::string& name);

/// "ref avx2 avx512": the rows that this machine runs, the fastest last.
std::string kernel_names();

/// The largest context that is sensible without a -c: the model's, at most 4096 tokens.
uint32_t default_context(const Model& model);

/// Encodes with a buffer of its own. Throws Failure naming the byte that no token covers.
std::vector<uint32_t> encode_text(const Model& model, std::string_view text, const EncodeOptions& options, const std::string& file);

}  // namespace mote::tools
