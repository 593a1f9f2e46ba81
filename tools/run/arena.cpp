// arena: plan, allocate, start; and text to tokens with buffers from the heap.
#include "run/arena.h"

#include <algorithm>

#include "../core/kernels/kernels.h"
#include "base/error.h"
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

HostSession start_session(const Model& model, const Options& options, const std::string& file) {
    const Result<Plan> planned = plan(model, options);
    if (!planned.ok()) {
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
    return out;
}

std::vector<uint32_t> encode_text(const Model& model, std::string_view text, const EncodeOptions& options, const std::string& file) {
    if (model.tokenizer.vocab == 0)
        refuse("E_MISSING", file, "the model carries no tokenizer; give token ids with --prompt-ids and read them with --ids");
    const Result<size_t> scratch_bytes = encode_scratch(text.size());
    if (!scratch_bytes.ok()) refuse_fault(scratch_bytes.fault, file);
    std::vector<uint32_t> scratch(scratch_bytes.value / 4), tokens(text.size() + 3);
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
