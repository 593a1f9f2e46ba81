// data_files: folders are walked, and files judged by how they begin.
#include "train/data_files.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/looks_like.h"
#include "base/output.h"

namespace mote::tools {
namespace {

namespace fs = std::filesystem;

bool is_text(const std::string& path) {
    const MappedFile file(path);
    const std::string kind = looks_like(file.text());
    return kind == "a text file" || kind == "JSON text";
}

// The regular files below, without hidden ones.
std::vector<std::string> files_below(const std::string& folder) {
    std::vector<std::string> files;
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        const bool hidden = at->path().filename().string()[0] == '.';
        if (hidden && at->is_directory()) at.disable_recursion_pending();
        if (!hidden && at->is_regular_file()) files.push_back(at->path().string());
    }
    if (error) refuse_io(folder, "cannot read", error.value());
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

std::vector<std::string> data_files(const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    for (const std::string& path : paths) {
        if (!fs::is_directory(path)) {
            files.push_back(path);
            continue;
        }
        std::vector<std::string> texts = files_below(path);
        const auto others = std::stable_partition(texts.begin(), texts.end(), is_text);
        if (others == texts.begin()) refuse("E_EMPTY", path, "holds no file of text");
        if (others != texts.end())
            note(path + ": " + std::to_string(texts.end() - others) + " files are not text and are passed over, " + *others +
                 " first");
        files.insert(files.end(), texts.begin(), others);
    }
    return files;
}

}  // namespace mote::tools
