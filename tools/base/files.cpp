// files: mmap, and temporary file + fsync + rename.
#include "base/files.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace mote::tools {
namespace {

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

// A temporary output; removed unless it was renamed into place.
class Temporary {
public:
    explicit Temporary(const std::string& path) : target_(path), path_(path + ".tmp." + std::to_string(::getpid())) {
        fd_ = open_file(path_, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (fd_ < 0) refuse_io(path, "cannot create", errno);
    }
    ~Temporary() {
        if (fd_ >= 0) ::close(fd_);
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    void write(const char* data, size_t bytes) {
        while (bytes > 0) {
            const ssize_t n = ::write(fd_, data, bytes);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) refuse_io(target_, "cannot write", errno);
            data += n;
            bytes -= size_t(n);
        }
    }
    void commit() {
        if (::fsync(fd_) != 0) refuse_io(target_, "cannot sync", errno);
        const int closed = ::close(fd_);
        fd_ = -1;
        if (closed != 0) refuse_io(target_, "cannot close", errno);
        if (::rename(path_.c_str(), target_.c_str()) != 0) refuse_io(target_, "cannot rename into place", errno);
        path_.clear();
        const int folder = open_file(folder_of(target_), O_RDONLY | O_DIRECTORY);
        if (folder < 0) return;  // the file is in place; only its survival of a power cut is less certain
        ::fsync(folder);
        ::close(folder);
    }

private:
    std::string target_, path_;
    int fd_ = -1;
};

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
    } else {
        ::close(fd);
    }
}

MappedFile::~MappedFile() {
    if (data_) ::munmap(const_cast<uint8_t*>(data_), size_);
}

void write_whole(const std::string& path, const void* data, size_t bytes) {
    struct stat st {};
    if (::stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode))
        throw Failure(Exit::io, "E_IO", path, std::nullopt, S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file");
    Temporary file(path);
    file.write(static_cast<const char*>(data), bytes);
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
