// pool: threads that do one thing at a time together. Between two they spin for a moment, then sleep.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace mote::tools {

/// A number of workers, of whom the caller is worker 0. One caller at a time.
class Pool {
public:
    explicit Pool(uint32_t workers);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    uint32_t count() const { return uint32_t(threads_.size()) + 1; }

    /// Runs job(context, worker) for every worker in [0, count()) at once; returns when all have. A job must not throw.
    using Job = void (*)(void* context, uint32_t worker);
    void run(Job job, void* context);

private:
    // Each line of the CPU's caches has one writer: the caller writes the work, a worker the round that it has finished.
    struct alignas(64) Post {
        std::atomic<uint32_t> round{0};
        Job job = nullptr;
        void* context = nullptr;
    };
    struct alignas(64) Mark {
        std::atomic<uint32_t> done{0};
    };

    void post(Job job, void* context);
    void serve(uint32_t worker);
    void await_post(uint32_t seen);

    Post post_;
    std::unique_ptr<Mark[]> marks_;
    std::atomic<uint32_t> asleep_{0};
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::thread> threads_;
};

/// CPUs that this process may run on.
uint32_t cpu_count();

}  // namespace mote::tools
