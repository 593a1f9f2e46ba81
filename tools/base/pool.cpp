// pool: rounds of work, counted. A worker that finds nothing new after some hundred microseconds gives its CPU back.
#include "base/pool.h"

#include <sched.h>

#include <algorithm>

namespace mote::tools {
namespace {

constexpr int spins = 4000;  // looks at a shared word; each takes 10 to 50 ns

void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    asm volatile("yield");
#endif
}

}  // namespace

Pool::Pool(uint32_t workers) : marks_(new Mark[workers]) {
    for (uint32_t worker = 1; worker < workers; worker++) threads_.emplace_back([this, worker] { serve(worker); });
}

Pool::~Pool() {
    post(nullptr, nullptr);
    for (std::thread& thread : threads_) thread.join();
}

// The caller's part comes first, then the wait for the others; a CPU that is shared with other programs goes to them.
void Pool::run(Job job, void* context) {
    post(job, context);
    job(context, 0);
    const uint32_t round = post_.round.load(std::memory_order_relaxed);
    for (uint32_t worker = 1; worker < count(); worker++)
        for (int looks = 0; marks_[worker].done.load(std::memory_order_acquire) != round; looks++)
            if (looks < spins) pause();
            else sched_yield();
}

void Pool::post(Job job, void* context) {
    post_.job = job;
    post_.context = context;
    post_.round.fetch_add(1);  // before the look at who sleeps; a worker counts itself asleep before it looks at the round
    if (asleep_.load() == 0) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    wake_.notify_all();
}

void Pool::await_post(uint32_t seen) {
    for (int looks = 0; looks < spins; looks++) {
        if (post_.round.load(std::memory_order_acquire) != seen) return;
        pause();
    }
    std::unique_lock<std::mutex> lock(mutex_);
    asleep_.fetch_add(1);
    wake_.wait(lock, [&] { return post_.round.load() != seen; });
    asleep_.fetch_sub(1);
}

void Pool::serve(uint32_t worker) {
    for (uint32_t round = 1;; round++) {
        await_post(round - 1);
        if (!post_.job) return;
        post_.job(post_.context, worker);
        marks_[worker].done.store(round, std::memory_order_release);
    }
}

uint32_t cpu_count() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return uint32_t(std::max(1, CPU_COUNT(&set)));
    return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace mote::tools
