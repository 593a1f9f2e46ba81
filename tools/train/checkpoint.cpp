// checkpoint: train_state is magic, version, header bytes, header (JSON), both moments, CRC-32 of all before.
#include "train/checkpoint.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "import/transformer.h"
#include "mote/model.h"

namespace mote::tools {
namespace {

namespace fs = std::filesystem;

constexpr char magic[8] = {'M', 'O', 'T', 'E', 'T', 'R', 'N', '\n'};
constexpr uint32_t version = 1;
constexpr size_t prefix_bytes = sizeof magic + 2 * sizeof(uint32_t);
constexpr const char* state_name = "train_state";

// ---- the file

void append(std::string& bytes, const void* data, size_t count) { bytes.append(static_cast<const char*>(data), count); }

std::string state_bytes(const RunState& s, const FileBytes& model) {
    Json header = {{"settings", settings_json(s.settings)}, {"step", s.train.step},
                   {"best_loss", nullptr},                  {"best_step", s.best_step},
                   {"data_tokens", s.data_tokens},          {"data_crc", s.data_crc},
                   {"parameters", s.train.first_moment.size()}};
    if (s.best_loss) header["best_loss"] = *s.best_loss;
    for (const auto& [name, bytes] : model) header["files"][name] = crc32(0, bytes.data(), bytes.size());
    const std::string text = header.dump();
    const uint32_t text_bytes = uint32_t(text.size());
    std::string out;
    out.reserve(prefix_bytes + text.size() + 2 * s.train.first_moment.size() * sizeof(float) + sizeof(uint32_t));
    out.assign(magic, sizeof magic);
    append(out, &version, sizeof version);
    append(out, &text_bytes, sizeof text_bytes);
    out += text;
    for (const std::vector<float>* moment : {&s.train.first_moment, &s.train.second_moment})
        append(out, moment->data(), moment->size() * sizeof(float));
    const uint32_t crc = crc32(0, out.data(), out.size());
    append(out, &crc, sizeof crc);
    return out;
}

template <class T>
T number_at(const MappedFile& file, size_t offset) {
    T value;
    std::memcpy(&value, file.data() + offset, sizeof value);
    return value;
}

// The header's text, once everything that the file says of itself holds.
std::string_view checked_header(const MappedFile& file) {
    if (file.size() < prefix_bytes + sizeof(uint32_t))
        refuse("E_TRUNC", file.path(), std::to_string(file.size()) + " bytes are too few for a training state");
    if (std::memcmp(file.data(), magic, sizeof magic) != 0) refuse("E_MAGIC", file.path(), "is not a training state");
    const uint32_t found = number_at<uint32_t>(file, sizeof magic);
    if (found > version)
        refuse("E_VERSION", file.path(), "is of version " + std::to_string(found) + "; this mote knows " + std::to_string(version));
    const size_t body = file.size() - sizeof(uint32_t), header = number_at<uint32_t>(file, sizeof magic + sizeof version);
    if (header > body - prefix_bytes) refuse("E_TRUNC", file.path(), "ends inside its header");
    if (crc32(0, file.data(), body) != number_at<uint32_t>(file, body))
        refuse("E_CRC", file.path(), "the checksum does not fit: cut or damaged");
    return file.text().substr(prefix_bytes, header);
}

void check_files(const JsonView& header, const std::string& folder) {
    const JsonView files = header.at("files");
    for (const auto& [name, crc] : files.object().items()) {
        const std::string path = folder + "/" + name;
        if (!exists(path)) refuse("E_MISSING", path, "belongs to the checkpoint and is absent");
        const MappedFile file(path);
        if (crc32(0, file.data(), file.size()) != JsonView(crc, header.file(), name).integer(UINT32_MAX))
            refuse("E_CRC", path, "the checksum does not fit: cut or damaged");
    }
}

std::vector<float> moment_at(const MappedFile& file, size_t offset, size_t count) {
    std::vector<float> moment(count);
    std::memcpy(moment.data(), file.data() + offset, count * sizeof(float));
    return moment;
}

// ---- the folder

std::string step_name(uint64_t step) {
    char name[32];
    std::snprintf(name, sizeof name, "step-%08llu", static_cast<unsigned long long>(step));
    return name;
}

void rename_or_refuse(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) refuse_io(to, "cannot rename into place", errno);
}

void remove_all(const std::string& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) refuse_io(path, "cannot remove", error.value());
}

// Replaces a link in one step.
void point(const std::string& link, const std::string& target) {
    const std::string temporary = link + ".tmp";
    ::unlink(temporary.c_str());  // of a save that failed
    if (::symlink(target.c_str(), temporary.c_str()) != 0) refuse_io(link, "cannot create", errno);
    if (::rename(temporary.c_str(), link.c_str()) == 0) return;
    const int error = errno;
    ::unlink(temporary.c_str());
    refuse_io(link, "cannot rename into place", error);
}

// What a trainer that was killed has left half done.
bool is_left_over(const std::string& name) {
    return name.rfind(".new-", 0) == 0 || name.rfind(".old-", 0) == 0 || name.find(".tmp") != std::string::npos;
}

void remove_left_overs(const std::string& run) {
    std::vector<std::string> left;
    for (const fs::directory_entry& entry : fs::directory_iterator(run))
        if (is_left_over(entry.path().filename().string())) left.push_back(entry.path().string());
    for (const std::string& path : left) remove_all(path);
}

void write_step(const std::string& folder, const RunState& state, const FileBytes& model) {
    if (::mkdir(folder.c_str(), 0777) != 0) refuse_io(folder, "cannot create", errno);
    for (const auto& [file, bytes] : model) write_whole(folder + "/" + file, bytes);
    write_whole(folder + "/" + state_name, state_bytes(state, model));
    sync_folder(folder);
}

// Names of the steps that are there, in order: the newest last.
std::vector<std::string> steps_in(const std::string& run) {
    std::vector<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(run)) {
        const std::string name = entry.path().filename().string();
        if (name.rfind("step-", 0) == 0 && name.size() >= step_name(0).size()) names.push_back(name);
    }
    std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    return names;
}

}  // namespace

RunFolder::RunFolder(const std::string& path) : path_(path) {
    std::error_code error;
    created_ = fs::create_directories(path, error);
    if (error) refuse_io(path, "cannot create", error.value());
    const std::string lock = lock_path();
    lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock_ < 0) refuse_io(lock, "cannot create", errno);
    struct stat st {};
    if (::flock(lock_, LOCK_EX | LOCK_NB) == 0 && ::fstat(lock_, &st) == 0 && st.st_nlink > 0) {  // its holder may take it away
        remove_left_overs(path);
        return;
    }
    ::close(lock_);
    refuse("E_STATE", path, "another trainer is at work in this folder");
}

// A folder in which nothing was done goes again.
RunFolder::~RunFolder() {
    std::error_code ignored;
    fs::directory_iterator entries(path_, ignored);
    if (created_ && std::distance(fs::begin(entries), fs::end(entries)) == 1) {
        ::unlink(lock_path().c_str());
        ::rmdir(path_.c_str());
    }
    ::close(lock_);
}

bool RunFolder::has_steps() const { return !steps_in(path_).empty(); }

void RunFolder::save(const RunState& state, const FileBytes& model) const {
    const std::string name = step_name(state.train.step), final = path_ + "/" + name;
    const std::string temporary = path_ + "/.new-" + name, replaced = path_ + "/.old-" + name;
    try {
        write_step(temporary, state, model);
        if (exists(final)) rename_or_refuse(final, replaced);  // one that is damaged: what was loaded is not saved again
        rename_or_refuse(temporary, final);
    } catch (...) {
        std::error_code ignored;
        fs::remove_all(temporary, ignored);
        throw;
    }
    sync_folder(path_);
    remove_all(replaced);
    settle(state);
}

// What follows from the newest step, done again by the next trainer if this one is killed meanwhile.
void RunFolder::settle(const RunState& state) const {
    const std::string best = step_name(state.best_step);
    point(path_ + "/last", step_name(state.train.step));
    if (state.best_loss) point(path_ + "/best", best);
    sync_folder(path_);
    const std::vector<std::string> steps = steps_in(path_);
    for (size_t i = 0; i + 2 < steps.size(); i++)
        if (steps[i] != best) remove_all(path_ + "/" + steps[i]);
}

RunFolder::Loaded load_step(const std::string& folder) {
    const std::string path = folder + "/" + state_name;
    if (!exists(path)) refuse("E_MISSING", path, "the training state is absent; without it a run cannot go on with the same bits");
    const MappedFile file(path);
    const std::string_view text = checked_header(file);
    const Json json = parse_json(text, path, prefix_bytes);
    const JsonView header(json, path);
    check_files(header, folder);
    RunFolder::Loaded loaded;
    loaded.folder = folder;
    loaded.weights = import_hf(folder, Nonfinite::refused);
    loaded.state.settings = settings_from_json(header.at("settings"));
    loaded.state.train.step = header.at("step").integer(UINT64_MAX);
    if (const auto best = header.find("best_loss")) loaded.state.best_loss = best->number();
    loaded.state.best_step = header.at("best_step").integer(UINT64_MAX);
    loaded.state.data_tokens = header.at("data_tokens").integer(UINT64_MAX);
    loaded.state.data_crc = uint32_t(header.at("data_crc").integer(UINT32_MAX));
    const size_t count = header.at("parameters").integer(UINT32_MAX), at = prefix_bytes + text.size();
    if (file.size() - at - sizeof(uint32_t) != 2 * count * sizeof(float) || count != network_of(loaded.weights).count)
        refuse("E_MISMATCH", path, "moments of " + std::to_string(count) + " parameters do not fit the model");
    loaded.state.train.first_moment = moment_at(file, at, count);
    loaded.state.train.second_moment = moment_at(file, at + count * sizeof(float), count);
    return loaded;
}

RunFolder::Loaded RunFolder::load() const {
    const std::vector<std::string> steps = steps_in(path_);
    if (steps.empty()) refuse("E_MISSING", path_, "has no checkpoint to resume from");
    std::optional<Failure> first;
    for (size_t i = steps.size(); i-- > 0;) {
        try {
            Loaded loaded = load_step(path_ + "/" + steps[i]);
            settle(loaded.state);
            return loaded;
        } catch (const Failure& failure) {
            if (failure.code() == "E_VERSION") throw;
            if (!first) first = failure;
            note(std::string("mote: damaged checkpoint: ") + failure.what());
        }
    }
    throw *first;
}

}  // namespace mote::tools
