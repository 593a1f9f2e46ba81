// inspect: what a .mote file or a checkpoint contains; and verify: whether its bytes are what was written and its numbers are sound.
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>

#include "../core/kernels/arithmetic.h"
#include "base/error.h"
#include "base/looks_like.h"
#include "base/output.h"
#include "model/open_model.h"
#include "model/weights.h"
#include "pack/pack.h"
#include "pack/quantize.h"
#include "verbs/inspect_checkpoint.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

template <class... Args>
void print_line(const char* format, Args... args) {
    char text[256];
    std::snprintf(text, sizeof text, format, args...);
    print(std::string(text) + "\n");
}

const char* const norm_names[] = {"RMS", "layer"};
const char* const activation_names[] = {"silu", "gelu_tanh", "gelu_erf", "relu"};
const char* const position_names[] = {"none", "learned", "rope"};
const char* const work_names[] = {"none", "self_attention", "dense", "gated"};
const char* const pre_tokenizer_names[] = {"none",       "gpt2",  "llama3", "qwen2",           "newline", "letters",     "punctuation",  "trailing space", "ideographs",
                                           "each digit", "digits", "three digits at most", "marks", "digits of bytes", "three digits", "each space", "spaces and lines"};
static_assert(std::size(pre_tokenizer_names) == known_pre_tokenizers);

// The stages of a split rule, in order.
std::string split_rule(PreTokenizer stages) {
    std::string names;
    for (uint32_t rest = uint32_t(stages); rest; rest >>= pre_tokenizer_bits)
        names += std::string(names.empty() ? "" : ", then ") + pre_tokenizer_names[rest & ((1u << pre_tokenizer_bits) - 1)];
    return names.empty() ? pre_tokenizer_names[0] : names;
}

void print_architecture(const Model& m) {
    const Architecture& a = *m.architecture;
    print_line("dim          %u", a.dim);
    print_line("layers       %u", a.layers);
    print_line("heads        %u (%u for keys and values), %u wide", a.heads, a.kv_heads, a.head_dim);
    print_line("hidden       %u", a.hidden);
    print_line("vocabulary   %u", a.vocab);
    print_line("context      %u tokens", a.context);
    print_line("norm         %s, eps %g", norm_names[int(a.norm)], double(a.norm_eps));
    print_line("activation   %s", activation_names[int(a.activation)]);
    print_line("position     %s%s", position_names[int(a.position)],
               a.position != Position::rope ? "" : a.rope_pairing == RopePairing::halves ? ", halves" : ", interleaved pairs");
    print_line("activations  int8, one scale for each %s", a.activation_scale == ActivationScale::vector ? "vector" : "32 columns");
    for (uint32_t b = 0; b < a.blocks; b++) {
        std::string works;
        for (const SubLayer& s : a.block[b])
            if (s.work != Work::none) works += std::string(works.empty() ? "" : ", ") + work_names[int(s.work)];
        print_line("block %u      %s", b, works.c_str());
    }
}

void print_tensors(const Model& m) {
    uint64_t parameters = 0, bytes = 0;
    print("\n");
    print_line("%-22s %5s %-6s %7s %7s %10s %12s", "tensor", "layer", "format", "rows", "cols", "bytes", "offset");
    for (uint32_t i = 0; i < m.directory_count; i++) {
        const TensorRecord& r = m.directory[i];
        print_line("%-22s %5u %-6s %7u %7u %10llu %12llu", role_name(r.role), unsigned(r.layer), format_name(r.format), r.rows, r.cols,
                   static_cast<unsigned long long>(r.bytes), static_cast<unsigned long long>(r.offset));
        if (r.format != Format::u32) parameters += uint64_t(r.rows) * r.cols;
        bytes += r.bytes;
    }
    print("\n");
    print_line("parameters   %llu", static_cast<unsigned long long>(parameters));
    print_line("weights      %llu bytes, %.3f bits a parameter", static_cast<unsigned long long>(bytes), 8.0 * double(bytes) / double(parameters));
}

void print_tokenizer(const Model& m) {
    if (m.tokenizer.vocab == 0) return print("tokenizer    none\n");
    const TokenizerHeader& h = m.tokenizer.header();
    const char* const normalized = h.normalizer ? ", normalized" : "";
    if (h.kind == TokenizerKind::bpe)
        print_line("tokenizer    byte-pair merges, %u pieces, %u merges, split rule %s%s", h.vocab, h.merges_count,
                   split_rule(h.pre_tokenizer).c_str(), normalized);
    else
        print_line("tokenizer    %s, %u pieces%s", h.kind == TokenizerKind::unigram ? "Unigram" : "WordPiece", h.vocab, normalized);
    const auto id = [](uint32_t token) { return token == no_token ? std::string("none") : std::to_string(token); };
    print_line("tokens       begin %s%s, end %s%s, unknown %s; %u control tokens", id(h.bos).c_str(), h.flags & tokenizer_add_bos ? " (added)" : "",
               id(h.eos).c_str(), h.flags & tokenizer_add_eos ? " (added)" : "", id(h.unk).c_str(), h.specials_count);
}

void inspect(const std::string& path) {
    const OpenModel opened = open_model(path);
    const FileHeader& h = *reinterpret_cast<const FileHeader*>(opened.file->data());
    print_line("file         %s, version %u.%u, %zu bytes, payload CRC %08x", path.c_str(), unsigned(h.version_major), unsigned(h.version_minor),
               opened.file->size(), h.payload_crc);
    print_architecture(opened.model);
    print_tokenizer(opened.model);
    print_tensors(opened.model);
}

// By its name or its first bytes; opening it says what is wrong with it.
bool is_mote_file(const std::string& path) {
    if (path.size() > 5 && path.substr(path.size() - 5) == ".mote") return true;
    std::error_code unreadable;  // is said when the file is opened
    return !std::filesystem::is_directory(path, unreadable) && looks_like(MappedFile(path).text()) == "a .mote file";
}

// Scales that core never meets in a file from `mote pack`: it would compute with them safely, but not sensibly.
bool sound_scale(uint16_t scale) { return scale < 0x7f80 && (scale == 0 || scale >= 0x0100); }

void verify_matrix(const TensorRecord& r, const Matrix& w, const std::string& path) {
    const std::string name = std::string(role_name(r.role)) + " of layer " + std::to_string(r.layer);
    if (w.row_scales)
        for (uint32_t row = 0; row < r.rows; row++)
            if (!sound_scale(w.row_scales[row]))
                refuse_fault(Fault{Error::nonfinite, r.offset, row, 0}, path, name + ": the scale of row " + std::to_string(row) + " is not a sound number");
    if (r.format == Format::u32) return;
    const std::vector<float> values = unpack_matrix(w.data, r.rows, r.cols, r.format);
    for (size_t i = 0; i < values.size(); i++)
        if (magnitude(values[i]) >= infinity_bits)
            refuse_fault(Fault{Error::nonfinite, r.offset, i, 0}, path, name + ": element " + std::to_string(i) + " is not a finite number");
}

void verify(const std::string& path) {
    const OpenModel opened = open_model(path);
    Progress progress("verify", "tensors", opened.model.directory_count);
    for (uint32_t i = 0; i < opened.model.directory_count; i++) {
        const TensorRecord& r = opened.model.directory[i];
        verify_matrix(r, tensor(opened.model, r.role, r.layer, r.expert), path);
        progress.at(i + 1);
    }
    print(path + ": ok, " + std::to_string(opened.model.directory_count) + " tensors, " + std::to_string(opened.file->size()) + " bytes\n");
}

}  // namespace

void add_inspect(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("inspect", "Show what a .mote file or a checkpoint contains");
    const auto path = std::make_shared<std::string>();
    const auto json = std::make_shared<bool>(false);
    verb->add_option("-m,--model,model", *path, "a .mote file, or a checkpoint as `mote pack` takes it")->required()->type_name("FILE");
    verb->add_flag("--json", *json, "of a checkpoint: print JSON");
    verb->footer("Example: mote inspect -m stories.mote");
    verb->callback([path, json] {
        if (is_mote_file(*path)) {
            if (*json) refuse_usage("--json is for checkpoints; " + *path + " is a .mote file");
            return inspect(*path);
        }
        const Json description = describe_checkpoint(*path);
        print(*json ? description.dump(2, ' ', false, Json::error_handler_t::replace) + "\n" : table_of(description));
    });
}

void add_verify(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("verify", "Check every byte and every number of a .mote file");
    const auto path = std::make_shared<std::string>();
    verb->add_option("-m,--model,model", *path, "the .mote file")->required()->type_name("FILE");
    verb->footer("Example: mote verify -m stories.mote");
    verb->callback([path] { verify(*path); });
}

}  // namespace mote::tools
