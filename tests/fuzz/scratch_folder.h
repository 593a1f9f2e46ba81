// scratch_folder: importers read files, so an input becomes one, in memory where the system has such a place.
#pragma once

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string>

#include "base/error.h"

namespace mote::fuzz {

/// A folder of this process; removed when it ends.
class ScratchFolder {
public:
    ScratchFolder()
        : path_((std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path().string()) +
                "/mote_fuzz_XXXXXX") {
        if (!mkdtemp(path_.data())) std::abort();
    }
    ~ScratchFolder() { std::filesystem::remove_all(path_); }

    std::string write(const std::string& name, const uint8_t* data, size_t size) const {
        const std::string file = path_ + "/" + name;
        const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (fd < 0 || ::write(fd, data, size) != ssize_t(size) || ::close(fd) != 0) std::abort();
        return file;
    }
    /// The files of an input that has a byte 0 between them. Those that are missing or empty are not there.
    void write_parts(std::initializer_list<const char*> names, const uint8_t* data, size_t size) const {
        const uint8_t* const end = data + size;
        for (const char* name : names) {
            const uint8_t* const part_end = std::find(data, end, uint8_t(0));
            if (part_end == data)
                ::unlink((path_ + "/" + name).c_str());
            else
                write(name, data, size_t(part_end - data));
            data = part_end == end ? end : part_end + 1;
        }
    }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

inline const ScratchFolder& scratch() {
    static const ScratchFolder folder;
    return folder;
}

/// Runs an import. A Failure with a code that is not internal is an answer; everything else thrown is a bug and ends the process.
template <class F>
void expect_answer(F&& import) {
    try {
        import();
    } catch (const tools::Failure& f) {
        if (f.exit() == tools::Exit::internal || f.code().rfind("E_", 0) != 0 ||
            std::string(f.what()).find('\n') != std::string::npos)
            std::abort();
    }
}

}  // namespace mote::fuzz
