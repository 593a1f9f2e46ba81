// files: mmap, and temporary file + fsync + rename.
#include "base/files.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace mote::tools {
namespace {

constexpr size_t huge_page_bytes = 2 << 20;

// Bytes of the last page behind the end of a file. They read as zero, but under the address sanitizer nobody may.
size_t slack(size_t file_bytes) {
    const size_t page = size_t(::sysconf(_SC_PAGESIZE));
    return (page - file_bytes % page) % page;
}

// A descriptor above the three standard ones, so that a program started with closed standard streams never prints into it.
int open_file(const std::string& path, int flags, mode_t mode = 0) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd < 0 || fd > 2) return fd;
    const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    ::close(fd);
    return moved;
}

std::string folder_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// Devices and pipes are not replaced by files, however the path is written.
void require_replaceable(const std::string& path) {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0 || S_ISREG(st.st_mode)) return;
    throw Failure(Exit::io, "E_IO", path, std::nullopt, S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file");
}

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
    const int fd = open_file(path, O_RDONLY | O_NONBLOCK);
    if (fd < 0) refuse_io(path, "cannot open", errno);
    struct stat st {};
    if (::fstat(fd, &st) != 0) {
        const int error = errno;
        ::close(fd);
        refuse_io(path, "cannot stat", error);
    }
    if (!S_ISREG(st.st_mode)) {
        ::close(fd);
        throw Failure(Exit::io, "E_IO", path, std::nullopt, S_ISDIR(st.st_mode) ? "is a directory, not a file" : "is not a regular file");
    }
    size_ = size_t(st.st_size);
    if (size_ > 0) {
        void* p = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
        const int error = errno;
        ::close(fd);
        if (p == MAP_FAILED) refuse_io(path, "cannot map", error);
        data_ = static_cast<const uint8_t*>(p);
        if (size_ >= huge_page_bytes) ::madvise(p, size_, MADV_HUGEPAGE);  // where the system has them for files: weights are read end to end
        ASAN_POISON_MEMORY_REGION(data_ + size_, slack(size_));
    } else {
        ::close(fd);
    }
}

MappedFile::~MappedFile() {
    if (!data_) return;
    ASAN_UNPOISON_MEMORY_REGION(data_ + size_, slack(size_));
    ::munmap(const_cast<uint8_t*>(data_), size_);
}

void MappedFile::release(uint64_t offset, uint64_t bytes) const {
    const uint64_t page = uint64_t(::sysconf(_SC_PAGESIZE));
    const uint64_t begin = (offset + page - 1) / page * page, end = (offset + bytes) / page * page;
    if (begin < end) ::madvise(const_cast<uint8_t*>(data_) + begin, end - begin, MADV_DONTNEED);  // only advice: may fail
}

OutputFile::OutputFile(const std::string& path) : path_(path), temporary_(path + ".tmp." + std::to_string(::getpid())) {
    require_replaceable(path);
    fd_ = open_file(temporary_, O_RDWR | O_CREAT | O_EXCL, 0666);
    if (fd_ < 0) refuse_io(path, "cannot create", errno);
}

OutputFile::~OutputFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

// What is written in one piece is cached in one piece, up to the size of a large page: pieces are gathered until one is full.
void OutputFile::write_at(uint64_t offset, const void* data, size_t bytes) {
    constexpr uint64_t large_page = 2u << 20;
    const char* from = static_cast<const char*>(data);
    if (offset != pending_at_ + pending_.size()) flush();
    while (bytes > 0) {
        if (pending_.empty()) pending_at_ = offset;
        const size_t n = size_t(std::min<uint64_t>(bytes, large_page - offset % large_page));
        pending_.insert(pending_.end(), from, from + n);
        from += n;
        offset += n;
        bytes -= n;
        if (offset % large_page == 0) flush();
    }
}

void OutputFile::flush() {
    const char* from = pending_.data();
    uint64_t offset = pending_at_;
    size_t bytes = pending_.size();
    while (bytes > 0) {
        const ssize_t n = ::pwrite(fd_, from, bytes, off_t(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) refuse_io(path_, "cannot write", errno);
        from += n;
        offset += uint64_t(n);
        bytes -= size_t(n);
    }
    pending_.clear();
}

void OutputFile::commit() {
    flush();
    if (::fsync(fd_) != 0) refuse_io(path_, "cannot sync", errno);
    const int closed = ::close(fd_);
    fd_ = -1;
    if (closed != 0) refuse_io(path_, "cannot close", errno);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) refuse_io(path_, "cannot rename into place", errno);
    temporary_.clear();
    sync_folder(folder_of(path_));
}

void sync_folder(const std::string& path) {
    const int fd = open_file(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return;  // one may be allowed to write into a folder and not to read it
    const int failed = ::fsync(fd), error = errno;
    ::close(fd);
    if (failed && error != EINVAL) refuse_io(path, "cannot sync", error);
}

void write_whole(const std::string& path, const void* data, size_t bytes) {
    OutputFile file(path);
    file.write_at(0, data, bytes);
    file.commit();
}

void write_whole(const std::string& path, std::string_view text) { write_whole(path, text.data(), text.size()); }

void require_different(const std::string& input, const std::string& output) {
    struct stat a {}, b {};
    if (::stat(input.c_str(), &a) != 0 || ::stat(output.c_str(), &b) != 0) return;
    if (a.st_dev == b.st_dev && a.st_ino == b.st_ino) refuse_usage(output + " is the input itself; choose another output");
}

void require_new(const std::string& output, bool force) {
    if (!force && exists(output)) refuse_usage(output + " exists; choose another name or pass --force");
}

bool exists(const std::string& path) {
    struct stat st {};
    return ::stat(path.c_str(), &st) == 0;
}

}  // namespace mote::tools
