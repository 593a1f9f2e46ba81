// threads: rounds, so that a worker never misses or repeats one.
#include "train/threads.h"

#include "train/blas.h"

namespace mote::tools {

Threads::Threads(size_t count) {
    load_blas();  // before there are threads that use it
    for (size_t t = 1; t < count; t++) workers_.emplace_back([this, t] { serve(t); });
}

Threads::~Threads() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        stop_ = true;
    }
    begin_.notify_all();
    for (std::thread& worker : workers_) worker.join();
}

void Threads::run(const std::function<void(size_t)>& work) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        work_ = &work;
        busy_ = workers_.size();
        round_++;
    }
    begin_.notify_all();
    work(0);
    std::unique_lock<std::mutex> lock(mutex_);
    end_.wait(lock, [this] { return busy_ == 0; });
}

void Threads::serve(size_t thread) {
    for (size_t seen = 0;;) {
        const std::function<void(size_t)>* work;
        {
            std::unique_lock<std::mutex> lock(mutex_);
            begin_.wait(lock, [&] { return stop_ || round_ != seen; });
            if (stop_) return;
            seen = round_;
            work = work_;
        }
        (*work)(thread);
        const std::lock_guard<std::mutex> lock(mutex_);
        if (--busy_ == 0) end_.notify_one();
    }
}

}  // namespace mote::tools
