// token_file: pread instead of a mapping, so that a failing disk is an error and no signal.
#include "train/token_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "mote/model.h"

namespace mote::tools {
namespace {

// A file that no folder lists; where the file system cannot make one, a file whose name is taken away at once.
int open_nameless(const std::string& folder) {
    const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
    std::string name = folder + "/tokens.tmp.XXXXXX";
    const int named = ::mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) ::unlink(name.c_str());
    return named;
}

}  // namespace

TokenFile::TokenFile(std::string folder, size_t memory_tokens) : folder_(std::move(folder)), memory_tokens_(memory_tokens) {}

TokenFile::~TokenFile() {
    if (fd_ >= 0) ::close(fd_);
}

void TokenFile::append(const uint32_t* tokens, size_t count) {
    crc_ = crc32(crc_, tokens, count * sizeof *tokens);
    recent_.insert(recent_.end(), tokens, tokens + count);
    if (recent_.size() > memory_tokens_) write_recent();
}

void TokenFile::write_recent() {
    if (fd_ < 0 && (fd_ = open_nameless(folder_)) < 0) refuse_io(folder_, "cannot create a file for tokens", errno);
    const char* from = reinterpret_cast<const char*>(recent_.data());
    for (size_t left = recent_.size() * sizeof(uint32_t), at = written_ * sizeof(uint32_t); left > 0;) {
        const ssize_t n = ::pwrite(fd_, from, left, off_t(at));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) refuse_io(folder_, "cannot write the file of tokens", errno);
        from += n;
        at += size_t(n);
        left -= size_t(n);
    }
    written_ += recent_.size();
    recent_.clear();
}

void TokenFile::read(size_t begin, size_t count, uint32_t* out) const {
    const size_t filed = begin < written_ ? std::min(count, written_ - begin) : 0;
    for (size_t done = 0; done < filed * sizeof(uint32_t);) {
        const ssize_t n = ::pread(fd_, reinterpret_cast<char*>(out) + done, filed * sizeof(uint32_t) - done,
                                  off_t(begin * sizeof(uint32_t) + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) refuse_io(folder_, "cannot read the file of tokens", n < 0 ? errno : EIO);
        done += size_t(n);
    }
    if (filed < count) std::copy_n(recent_.begin() + std::ptrdiff_t(begin + filed - written_), count - filed, out + filed);
}

}  // namespace mote::tools
