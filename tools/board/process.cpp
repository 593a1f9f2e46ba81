// process: fork and exec; a pipe that closes on exec tells why exec failed.
#include "board/process.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/output.h"

namespace mote::tools {
namespace {

struct Pipe {
    int read = -1, write = -1;

    explicit Pipe(const std::string& what) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) refuse_io(what, "a pipe cannot be made", errno);
        read = ends[0];
        write = ends[1];
    }
    ~Pipe() {
        close_read();
        close_write();
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    void close_read() { close_end(read); }
    void close_write() { close_end(write); }

private:
    static void close_end(int& end) {
        if (end >= 0) ::close(end);
        end = -1;
    }
};

[[noreturn]] void become(const std::vector<char*>& arguments, Errors errors, int output, int trouble) {
    const int input = ::open("/dev/null", O_RDONLY);
    ::signal(SIGPIPE, SIG_DFL);
    const bool connected = input >= 0 && ::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 &&
                           (errors == Errors::shared || ::dup2(output, STDERR_FILENO) >= 0);
    if (connected) ::execvp(arguments[0], arguments.data());
    const int reason = errno;
    (void)!::write(trouble, &reason, sizeof reason);
    ::_exit(127);
}

// A child that is killed and waited for unless it ended by itself.
class Child {
public:
    explicit Child(pid_t id) : id_(id) {}
    ~Child() {
        if (id_ < 0) return;
        ::kill(id_, SIGKILL);
        wait();
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    int wait() {
        int status = 0;
        while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {}
        id_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    pid_t id_;
};

// The next bytes; 0 at the end. An interrupted read gives the user's Ctrl-C its turn.
size_t read_some(int descriptor, char* buffer, size_t capacity, const std::string& program) {
    for (;;) {
        stop_if_interrupted();
        const ssize_t count = ::read(descriptor, buffer, capacity);
        if (count >= 0) return size_t(count);
        if (errno != EINTR) refuse_io(program, "its output cannot be read", errno);
    }
}

}  // namespace

int run_process(const std::vector<std::string>& command, Errors errors, const std::function<void(std::string_view)>& output) {
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    Pipe text(command[0]), trouble(command[0]);
    const pid_t id = ::fork();
    if (id < 0) refuse_io(command[0], "it cannot be started", errno);
    if (id == 0) become(arguments, errors, text.write, trouble.write);
    Child child(id);
    text.close_write();
    trouble.close_write();

    int reason = 0;
    if (read_some(trouble.read, reinterpret_cast<char*>(&reason), sizeof reason, command[0]) == sizeof reason) {
        child.wait();
        refuse_io(command[0], "it cannot be started; is it installed?", reason);
    }
    char buffer[4096];
    while (const size_t count = read_some(text.read, buffer, sizeof buffer, command[0])) output({buffer, count});
    return child.wait();
}

}  // namespace mote::tools
