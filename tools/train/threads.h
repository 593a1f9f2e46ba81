// threads: a fixed crew that does one thing at a time together.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mote::tools {

class Threads {
public:
    /// At least 1; the caller's own is one of them.
    explicit Threads(size_t count);
    ~Threads();
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

    size_t count() const { return workers_.size() + 1; }

    /// Calls work(0) ... work(count - 1), each on its own thread, and returns when all are done. `work` must not throw.
    void run(const std::function<void(size_t thread)>& work);

private:
    void serve(size_t thread);

    std::vector<std::thread> workers_;
    std::mutex mutex_;
    std::condition_variable begin_, end_;
    const std::function<void(size_t)>* work_ = nullptr;
    size_t round_ = 0, busy_ = 0;
    bool stop_ = false;
};

/// The part of `count` things that falls to one of `parts`; the parts are neighbours and differ by at most one.
struct Share {
    size_t begin, end;
};
inline Share share_of(size_t count, size_t part, size_t parts) { return {count * part / parts, count * (part + 1) / parts}; }

}  // namespace mote::tools
