// faults: a library to preload, under which the file calls of a program fail, or are its last.
//
//   MOTE_FAULT_FROM   counting begins with the first call that names a path with this in it; absent: at once
//   MOTE_FAULT_CALLS  calls that count, by name and with commas; absent: all that change files
//   MOTE_FAULT_AT     which of them it is, from 1; absent: none, they are only counted
//   MOTE_FAULT_DO     kill: SIGKILL before the call; cut: likewise, and what was written and not synced is lost, as when the power goes;
//                     tear: half of a write is done, then SIGKILL; short: half of a write is done and said to be; a number: errno of the
//                     failing call
//   MOTE_FAULT_ALL    set: all calls from that one on fail
//   MOTE_FAULT_COUNT  file to which the number of calls goes when the program ends
// Standard streams are left alone, and so are files that are only read.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <map>
#include <set>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

std::string text_of(const char* variable) {
    const char* value = std::getenv(variable);
    return value ? value : "";
}

struct Faults {
    std::string from = text_of("MOTE_FAULT_FROM"), calls = text_of("MOTE_FAULT_CALLS"), act = text_of("MOTE_FAULT_DO");
    std::string count_file = text_of("MOTE_FAULT_COUNT");
    long at = std::atol(text_of("MOTE_FAULT_AT").c_str()), count = 0;
    bool all_after = !text_of("MOTE_FAULT_ALL").empty(), begun = from.empty();
    std::map<int, std::string> open_files;  // for writing
    std::set<std::string> unsynced;
};

Faults& faults() {
    static Faults* const all = new Faults;  // outlives every other thing
    return *all;
}

struct Report {
    ~Report() {
        const Faults& f = faults();
        std::FILE* const file = f.count_file.empty() ? nullptr : std::fopen(f.count_file.c_str(), "w");
        if (!file) return;
        std::fprintf(file, "%ld\n", f.count);
        std::fclose(file);
    }
} report_at_exit;

[[noreturn]] void die() {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
}

[[noreturn]] void cut_power() {
    for (const std::string& path : faults().unsynced) (void)!::syscall(SYS_truncate, path.c_str(), 0);
    die();
}

enum class Verdict { go_on, fail, halve };

Verdict judge(const char* call, const char* path) {
    Faults& f = faults();
    if (!f.begun && path && std::strstr(path, f.from.c_str())) f.begun = true;
    if (!f.begun || (!f.calls.empty() && ("," + f.calls + ",").find("," + std::string(call) + ",") == std::string::npos)) return Verdict::go_on;
    f.count++;
    if (f.at == 0 || f.count < f.at || (f.count > f.at && !f.all_after)) return Verdict::go_on;
    if (f.act == "kill") die();
    if (f.act == "cut") cut_power();
    if (f.act == "tear" || f.act == "short") return std::strcmp(call, "write") == 0 ? Verdict::halve : Verdict::go_on;
    errno = std::atoi(f.act.c_str());
    return Verdict::fail;
}

template <class Function>
Function* real(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::string absolute(const char* path) {
    if (path[0] == '/') return path;
    char here[4096];
    return ::getcwd(here, sizeof here) ? std::string(here) + "/" + path : path;
}

int open_watched(int folder, const char* path, int flags, mode_t mode) {
    const bool writes = (flags & O_ACCMODE) != O_RDONLY;
    const auto call = [&] { return int(::syscall(SYS_openat, folder, path, flags, mode)); };
    if (!writes) return call();
    if (judge("open", path) == Verdict::fail) return -1;
    const int fd = call();
    if (fd >= 0) faults().open_files[fd] = absolute(path);
    return fd;
}

ssize_t write_watched(int fd, const void* data, size_t bytes, off_t offset, bool at_offset) {
    const auto call = [&](size_t n) { return ssize_t(at_offset ? ::syscall(SYS_pwrite64, fd, data, n, offset) : ::syscall(SYS_write, fd, data, n)); };
    Faults& f = faults();
    const auto found = f.open_files.find(fd);
    if (fd <= 2 || found == f.open_files.end()) return call(bytes);
    const Verdict verdict = judge("write", found->second.c_str());
    if (verdict == Verdict::fail) return -1;
    f.unsynced.insert(found->second);
    if (verdict == Verdict::go_on) return call(bytes);
    const ssize_t n = call((bytes + 1) / 2);
    if (f.act == "tear") die();
    return n;
}

// What was not synced keeps so under its new name.
int renamed(int result, const char* from, const char* to) {
    if (result != 0) return result;
    const std::string before = absolute(from), after = absolute(to);
    std::set<std::string> moved;
    for (const std::string& path : faults().unsynced) {
        const bool inside = path == before || path.compare(0, before.size() + 1, before + "/") == 0;
        moved.insert(inside ? after + path.substr(before.size()) : path);
    }
    faults().unsynced = moved;
    return result;
}

int removed(int result, const char* path) {
    if (result == 0) faults().unsynced.erase(absolute(path));
    return result;
}

}  // namespace

#define WATCHED(call, path) \
    if (judge(call, path) == Verdict::fail) return -1

extern "C" {

int open(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_watched(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_watched(AT_FDCWD, path, flags, mode);
}

ssize_t write(int fd, const void* data, size_t bytes) { return write_watched(fd, data, bytes, 0, false); }
ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) { return write_watched(fd, data, bytes, offset, true); }
ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t offset) { return write_watched(fd, data, bytes, offset, true); }

int fsync(int fd) {
    struct stat st {};
    const bool folder = ::fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
    const auto found = faults().open_files.find(fd);
    WATCHED(folder ? "fsync_folder" : "fsync", found == faults().open_files.end() ? nullptr : found->second.c_str());
    if (found != faults().open_files.end()) faults().unsynced.erase(found->second);
    return int(::syscall(SYS_fsync, fd));
}

int close(int fd) {
    const auto found = faults().open_files.find(fd);
    const bool watched = found != faults().open_files.end();
    const std::string path = watched ? found->second : "";
    if (watched) faults().open_files.erase(found);
    const Verdict verdict = watched ? judge("close", path.c_str()) : Verdict::go_on;
    const int error = errno;
    const int result = int(::syscall(SYS_close, fd));  // a failing close closes too
    if (verdict != Verdict::fail) return result;
    errno = error;
    return -1;
}

int ftruncate(int fd, off_t size) {
    WATCHED("ftruncate", nullptr);
    return int(::syscall(SYS_ftruncate, fd, size));
}

int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

int rename(const char* from, const char* to) {
    WATCHED("rename", to);
    return renamed(real<int(const char*, const char*)>("rename")(from, to), from, to);
}

int mkdir(const char* path, mode_t mode) {
    WATCHED("mkdir", path);
    return real<int(const char*, mode_t)>("mkdir")(path, mode);
}

int symlink(const char* target, const char* path) {
    WATCHED("symlink", path);
    return real<int(const char*, const char*)>("symlink")(target, path);
}

int unlink(const char* path) {
    WATCHED("unlink", path);
    return removed(real<int(const char*)>("unlink")(path), path);
}

int unlinkat(int folder, const char* path, int flags) {
    WATCHED("unlink", path);
    return real<int(int, const char*, int)>("unlinkat")(folder, path, flags);
}

int rmdir(const char* path) {
    WATCHED("unlink", path);
    return real<int(const char*)>("rmdir")(path);
}

int remove(const char* path) {
    WATCHED("unlink", path);
    return removed(real<int(const char*)>("remove")(path), path);
}

}  // extern "C"
