// files: read-only files in memory, and outputs that appear whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mote::tools {

/// A regular file mapped read-only; the bytes live as long as the object. Refuses directories, pipes and what cannot be read.
class MappedFile {
public:
    explicit MappedFile(const std::string& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    const std::string& path() const { return path_; }
    const uint8_t* data() const { return data_; }
    size_t size() const { return size_; }
    std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

    /// Says that these bytes are not needed soon: they leave memory, and are read from the file again if they are.
    void release(uint64_t offset, uint64_t bytes) const;

private:
    std::string path_;
    const uint8_t* data_ = nullptr;
    size_t size_ = 0;
};

/// An output written piece by piece under a temporary name beside it; commit() syncs it and renames it into place, so that readers
/// see the old bytes or all of the new ones. Without commit() the temporary file is gone and an existing output is unchanged.
class OutputFile {
public:
    explicit OutputFile(const std::string& path);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    const std::string& temporary_path() const { return temporary_; }
    void write_at(uint64_t offset, const void* data, size_t bytes);
    /// Puts what was written so far into the temporary file.
    void flush();
    void commit();

private:
    std::string path_, temporary_;
    int fd_ = -1;
    std::vector<char> pending_;  // what was written behind pending_at_, and is not yet in the file
    uint64_t pending_at_ = 0;
};

/// The same for bytes that are all there.
void write_whole(const std::string& path, const void* data, size_t bytes);
void write_whole(const std::string& path, std::string_view text);

/// Makes the names in a folder survive a power cut. Folders that cannot be opened, and file systems without such a thing, are passed over.
void sync_folder(const std::string& path);

/// Refuses with E_ARG if the two paths name the same existing file, also through links.
void require_different(const std::string& input, const std::string& output);

/// Refuses with E_ARG if the output exists and --force was not given.
void require_new(const std::string& output, bool force);

bool exists(const std::string& path);

}  // namespace mote::tools
