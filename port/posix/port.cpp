// port/posix: a process. The model is a mapped file, the arena anonymous memory that costs nothing until it is touched.
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "board.h"

namespace {

int argument_count;
char** argument_values;

}  // namespace

namespace mote::port {

Image model(const char* file) {
    const int descriptor = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    if (descriptor < 0) return Image{};
    Image image;
    struct stat status;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 && uint64_t(status.st_size) <= SIZE_MAX) {
        const size_t bytes = size_t(status.st_size);
        void* const data = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (data != MAP_FAILED) image = Image{static_cast<const uint8_t*>(data), bytes};
    }
    close(descriptor);
    return image;
}

Memory arena() {
    static Memory memory;
    if (memory.data) return memory;
    void* const data =
        mmap(nullptr, board::arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data != MAP_FAILED) memory = Memory{static_cast<uint8_t*>(data), board::arena_bytes};
    return memory;
}

size_t arguments(char* buffer, size_t capacity) {
    size_t used = 0;
    for (int i = 1; i < argument_count; i++) {
        const size_t bytes = strlen(argument_values[i]) + 1;
        if (bytes > capacity - used) return capacity + 1;
        memcpy(buffer + used, argument_values[i], bytes);
        used += bytes;
    }
    return used;
}

void write(Channel channel, const char* data, size_t count) {
    while (count > 0) {
        const ssize_t written = ::write(channel == Channel::text ? STDOUT_FILENO : STDERR_FILENO, data, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;  // nobody listens any more
        data += written;
        count -= size_t(written);
    }
}

size_t read_line(char* buffer, size_t capacity) {
    size_t count = 0;
    for (char c; read(STDIN_FILENO, &c, 1) == 1 && c != '\n';)
        if (count < capacity) buffer[count++] = c;
    return count;
}

uint64_t micros() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return uint64_t(now.tv_sec) * 1000000u + uint64_t(now.tv_nsec) / 1000u;
}

Stack stack() { return Stack{}; }

void stop(int code) { _exit(code); }

}  // namespace mote::port

int main(int count, char** values) {
    argument_count = count;
    argument_values = values;
    mote::port::stop(app_main());
}
