// inspect: what a .mote file, a checkpoint or a tokenizer contains; and verify: whether its bytes are what was written and its
// numbers are sound.
#include <filesystem>
#include <memory>

#include "../core/kernels/arithmetic.h"
#include "base/error.h"
#include "base/looks_like.h"
#include "base/output.h"
#include "model/open_model.h"
#include "model/weights.h"
#include "pack/pack.h"
#include "pack/quantize.h"
#include "verbs/checkpoint_options.h"
#include "verbs/inspect_checkpoint.h"
#include "verbs/inspect_model.h"
#include "verbs/inspect_tokenizer.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

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
                refuse_fault(Fault{Error::nonfinite, r.offset, row, 0}, path,
                             name + ": the scale of row " + std::to_string(row) + " is not a sound number");
    if (r.format == Format::u32) return;
    const std::vector<float> values = unpack_matrix(w.data, r.rows, r.cols, r.format);
    for (size_t i = 0; i < values.size(); i++)
        if (magnitude(values[i]) >= infinity_bits)
            refuse_fault(Fault{Error::nonfinite, r.offset, i, 0}, path,
                         name + ": element " + std::to_string(i) + " is not a finite number");
}

void verify(const std::string& path) {
    const OpenModel opened = open_model(path);
    Progress progress("verify", "tensors", opened.model.directory_count);
    for (uint32_t i = 0; i < opened.model.directory_count; i++) {
        const TensorRecord& r = opened.model.directory[i];
        verify_matrix(r, tensor(opened.model, r.role, r.layer, r.expert), path);
        progress.at(i + 1);
    }
    print(path + ": ok, " + std::to_string(opened.model.directory_count) + " tensors, " + std::to_string(opened.file->size()) +
          " bytes\n");
}

void inspect(const std::string& path, const CheckpointOptions& options, bool as_json) {
    const bool packed = is_mote_file(path), tokenizer = !packed && !tokenizer_format(path).empty();
    const Json description = packed      ? describe_model(path)
                             : tokenizer ? describe_tokenizer_file(path)
                                         : describe_checkpoint(path, options.import());
    if (as_json) return print(description.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    print(packed ? table_of_model(description) : table_of(description));
}

}  // namespace

void add_inspect(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("inspect", "Show what a .mote file, a checkpoint or a tokenizer contains");
    const auto path = std::make_shared<std::string>();
    const auto json = std::make_shared<bool>(false);
    const auto options = std::make_shared<CheckpointOptions>();
    verb->add_option("-m,--model,model", *path, "a .mote file, or a checkpoint or tokenizer as `mote pack` takes it")
        ->required()
        ->type_name("FILE");
    add_checkpoint_options(*verb, *options);
    verb->add_flag("--json", *json, "print JSON");
    verb->footer("Example: mote inspect -m stories.mote");
    verb->callback([path, json, options] { inspect(*path, *options, *json); });
}

void add_verify(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("verify", "Check every byte and every number of a .mote file");
    const auto path = std::make_shared<std::string>();
    verb->add_option("-m,--model,model", *path, "the .mote file")->required()->type_name("FILE");
    verb->footer("Example: mote verify -m stories.mote");
    verb->callback([path] { verify(*path); });
}

}  // namespace mote::tools
