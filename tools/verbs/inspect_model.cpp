// inspect_model: the records of a file become JSON, and JSON becomes lines.
#include "verbs/inspect_model.h"

#include <cstdio>

#include "model/open_model.h"
#include "pack/pack.h"
#include "verbs/inspect_checkpoint.h"
#include "verbs/inspect_lines.h"
#include "verbs/inspect_tokenizer.h"

namespace mote::tools {
namespace {

const char* const norm_names[] = {"RMS", "layer"};
const char* const activation_names[] = {"silu", "gelu_tanh", "gelu_erf", "relu"};
const char* const position_names[] = {"none", "learned", "rope"};
const char* const work_names[] = {"none", "self_attention", "dense", "gated"};

void describe_architecture(const Architecture& a, Json& out) {
    out["sizes"] = describe_sizes(a);
    out["norm"] = norm_names[int(a.norm)];
    out["norm_eps"] = a.norm_eps;
    out["activation"] = activation_names[int(a.activation)];
    out["position"] = position_names[int(a.position)];
    if (a.position == Position::rope) out["rope_pairing"] = a.rope_pairing == RopePairing::halves ? "halves" : "interleaved pairs";
    out["activation_scale"] = a.activation_scale == ActivationScale::vector ? "vector" : "32 columns";
    out["blocks"] = Json::array();
    for (uint32_t b = 0; b < a.blocks; b++) {
        Json works = Json::array();
        for (const SubLayer& s : a.block[b])
            if (s.work != Work::none) works.push_back(work_names[int(s.work)]);
        out["blocks"].push_back(works);
    }
}

void describe_tensors(const Model& m, Json& out) {
    uint64_t parameters = 0, bytes = 0;
    out["tensors"] = Json::array();
    for (uint32_t i = 0; i < m.directory_count; i++) {
        const TensorRecord& r = m.directory[i];
        out["tensors"].push_back({{"name", role_name(r.role)},
                                  {"layer", r.layer},
                                  {"format", format_name(r.format)},
                                  {"rows", r.rows},
                                  {"cols", r.cols},
                                  {"bytes", r.bytes},
                                  {"offset", r.offset}});
        if (r.format != Format::u32) parameters += uint64_t(r.rows) * r.cols;
        bytes += r.bytes;
    }
    out["parameters"] = parameters;
    out["weight_bytes"] = bytes;
    out["bits_per_weight"] = 8.0 * double(bytes) / double(parameters);
}

// ---- lines

template <class... Args>
std::string line(const char* format, Args... args) {
    char text[256];
    std::snprintf(text, sizeof text, format, args...);
    return std::string(text) + "\n";
}

std::string architecture_lines(const Json& d) {
    const Json& s = d["sizes"];
    std::string out = "dim          " + s["dim"].dump() + "\nlayers       " + s["layers"].dump() + "\n";
    out += "heads        " + s["heads"].dump() + " (" + s["kv_heads"].dump() + " for keys and values), " + s["head_dim"].dump() +
           " wide\n";
    out += "hidden       " + s["hidden"].dump() + "\nvocabulary   " + s["vocab"].dump() + "\ncontext      " + s["context"].dump() +
           " tokens\n";
    out += line("norm         %s, eps %g", text_of(d["norm"]).c_str(), d["norm_eps"].get<double>());
    out += "activation   " + text_of(d["activation"]) + "\nposition     " + text_of(d["position"]);
    out += (d.contains("rope_pairing") ? ", " + text_of(d["rope_pairing"]) : "") + "\n";
    out += "activations  int8, one scale for each " + text_of(d["activation_scale"]) + "\n";
    for (size_t b = 0; b < d["blocks"].size(); b++)
        out += "block " + std::to_string(b) + "      " + joined(d["blocks"][b], ", ") + "\n";
    return out;
}

std::string tensor_lines(const Json& d) {
    std::string out = line("\n%-22s %5s %-6s %7s %7s %10s %12s", "tensor", "layer", "format", "rows", "cols", "bytes", "offset");
    for (const Json& t : d["tensors"])
        out += line("%-22s %5u %-6s %7u %7u %10llu %12llu", text_of(t["name"]).c_str(), t["layer"].get<unsigned>(),
                    text_of(t["format"]).c_str(), t["rows"].get<unsigned>(), t["cols"].get<unsigned>(),
                    t["bytes"].get<unsigned long long>(), t["offset"].get<unsigned long long>());
    out += "\nparameters   " + d["parameters"].dump() + "\n";
    return out + "weights      " + d["weight_bytes"].dump() +
           line(" bytes, %.3f bits a parameter", d["bits_per_weight"].get<double>());
}

}  // namespace

Json describe_model(const std::string& path) {
    const OpenModel opened = open_model(path);
    const FileHeader& h = *reinterpret_cast<const FileHeader*>(opened.file->data());
    char crc[9];
    std::snprintf(crc, sizeof crc, "%08x", h.payload_crc);
    Json out = {{"file", path},
                {"format", "a .mote file"},
                {"version", std::to_string(h.version_major) + "." + std::to_string(h.version_minor)},
                {"bytes", opened.file->size()},
                {"payload_crc", crc}};
    describe_architecture(*opened.model.architecture, out);
    out["tokenizer"] = describe_tokenizer(opened.model.tokenizer);
    describe_tensors(opened.model, out);
    return out;
}

std::string table_of_model(const Json& d) {
    return "file         " + text_of(d["file"]) + ", version " + text_of(d["version"]) + ", " + d["bytes"].dump() +
           " bytes, payload CRC " + text_of(d["payload_crc"]) + "\n" + architecture_lines(d) + table_of_tokenizer(d["tokenizer"]) +
           tensor_lines(d);
}

}  // namespace mote::tools
