// data_files: which files a list of files and folders stands for.
#pragma once

#include <string>
#include <vector>

namespace mote::tools {

/// Files as they are; a folder is the text and .jsonl files in it and below, in the order of their paths. What is hidden, empty or
/// no text there is passed over, with a note. Errors: E_IO, E_EMPTY (a folder without text).
std::vector<std::string> data_files(const std::vector<std::string>& paths);

}  // namespace mote::tools
