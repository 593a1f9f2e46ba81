// open_model: turns core's faults into sentences that name file, byte, found and allowed.
#include "model/open_model.h"

#include <cstring>

#include "base/error.h"
#include "base/looks_like.h"
#include "model/weights.h"

namespace mote::tools {
namespace {

std::string numbers(const Fault& f) {
    if (f.found == 0 && f.allowed == 0) return "";
    return " (found " + std::to_string(f.found) + ", allowed " + std::to_string(f.allowed) + ")";
}

std::string explain_magic(const uint8_t* bytes, size_t size) {
    static const uint8_t dos[] = {'M', 'O', 'T', 'E', '\r', '\r', '\n'}, unix_text[] = {'M', 'O', 'T', 'E', '\n', 0x1a};
    if (size >= sizeof dos && (std::memcmp(bytes, dos, sizeof dos) == 0 || std::memcmp(bytes, unix_text, sizeof unix_text) == 0))
        return "this was a .mote file before a text-mode transfer changed its line ends; copy it again in binary mode";
    const std::string guess = looks_like({reinterpret_cast<const char*>(bytes), size});
    return guess.empty() ? "this is not a .mote file; make one with `mote pack`" : "this is " + guess + ", not a .mote file; make one with `mote pack`";
}

Exit exit_of(Error error) {
    switch (error) {
        case Error::argument: return Exit::usage;
        case Error::arena_too_small:
        case Error::limit:
        case Error::overflow:
        case Error::context_full: return Exit::limit;
        default: return Exit::input;
    }
}

}  // namespace

std::string explain(const Fault& f, const uint8_t* bytes, size_t size) {
    switch (f.error) {
        case Error::magic: return explain_magic(bytes, size);
        case Error::argument: return "the file is empty";
        case Error::truncated:
            return "the file ends here; it has " + std::to_string(f.found) + " bytes where " + std::to_string(f.allowed) + " are needed";
        case Error::trailing:
            return "the model ends here; the file has " + std::to_string(f.found) + " bytes, the model " + std::to_string(f.allowed);
        case Error::version:
            return "version " + std::to_string(f.found) + " of the format; this program reads version " + std::to_string(f.allowed) +
                   (f.found < f.allowed ? "; pack the model again" : "");
        case Error::missing:
            if (const char* name = role_name(Role(f.where >> 16 & 0xffff)); f.where >= (1u << 16) && name)
                return "the tensor '" + std::string(name) + "' of layer " + std::to_string(f.where & 0xffff) + " is missing";
            return std::string(error_sentence(f.error)) + numbers(f);
        default: return std::string(error_sentence(f.error)) + numbers(f);
    }
}

void refuse_fault(const Fault& f, const std::string& file, const std::string& text) {
    throw Failure(exit_of(f.error), error_code(f.error), file, std::nullopt, text.empty() ? std::string(error_sentence(f.error)) + numbers(f) : text);
}

OpenModel open_model(const std::string& path) {
    OpenModel out;
    out.file = std::make_unique<MappedFile>(path);
    const Result<Model> opened = open(out.file->data(), out.file->size());
    if (!opened.ok()) {
        const Fault& f = opened.fault;
        const bool in_file = f.where <= out.file->size() && f.error != Error::missing;
        throw Failure(Exit::input, f.error == Error::argument ? "E_EMPTY" : error_code(f.error), path,
                      in_file ? std::optional<uint64_t>(f.where) : std::nullopt, explain(f, out.file->data(), out.file->size()));
    }
    out.model = opened.value;
    return out;
}

}  // namespace mote::tools
