// bench: everything is measured in turn, round after round, so that a slow moment of the machine falls on all alike.
#include "run/bench.h"

#include <link.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>

#include "../core/kernels/kernels.h"
#include "base/error.h"
#include "base/output.h"
#include "model/open_model.h"

namespace mote::tools {
namespace {

// Of this program alone: what getrusage says counts the program that started it, too.
uint64_t peak_memory() {
    std::ifstream status("/proc/self/status");
    for (std::string key; status >> key; status.ignore(1000, '\n'))
        if (uint64_t kib = 0; key == "VmHWM:" && status >> kib) return kib * 1024;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return uint64_t(usage.ru_maxrss) * 1024;
}

// Reads a byte of every page of the program's own code and constants (of the first object, that is, and not of libraries), so that what
// runs for the first time while memory is measured does not count as the model's. A page's first byte may be one that the address
// sanitizer put between two variables.
__attribute__((no_sanitize("address"))) int touch_object(dl_phdr_info* object, size_t, void*) {
    const size_t page = size_t(sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const auto& part = object->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || !(part.p_flags & PF_R) || (part.p_flags & PF_W)) continue;
        const volatile uint8_t* bytes = reinterpret_cast<const volatile uint8_t*>(object->dlpi_addr + part.p_vaddr);
        for (size_t at = 0; at < part.p_memsz; at += page) static_cast<void>(bytes[at]);
    }
    return 1;
}

// All matrices but tables of which a token reads one row.
uint64_t bytes_of_a_token(const Model& model) {
    const bool own_head = bool(tensor(model, Role::head));
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < model.directory_count; i++) {
        const TensorRecord& r = model.directory[i];
        const bool table = r.role == Role::position_embedding || (r.role == Role::token_embedding && own_head);
        if (!table) bytes += r.bytes;
    }
    return bytes;
}

// What reading costs at least: each worker adds up its part of the image in vectors.
class Reader {
public:
    explicit Reader(const Model& model) : data_(model.image), bytes_(model.image_bytes / 64 * 64) {}

    double seconds_for(Pool& pool) {
        workers_ = pool.count();
        sums_.assign(workers_, {});
        const double begin = seconds();
        pool.run([](void* own, uint32_t worker) { static_cast<Reader*>(own)->read(worker); }, this);
        return seconds() - begin;
    }
    uint64_t bytes() const { return bytes_; }

private:
    using Vector = uint64_t __attribute__((vector_size(64), aligned(16), may_alias));

    void read(uint32_t worker) {
        const size_t units = bytes_ / 64, begin = units * worker / workers_, end = units * (worker + 1) / workers_;
        const Vector* at = reinterpret_cast<const Vector*>(data_);
        Vector a{}, b{};
        size_t i = begin;
        for (; i + 2 <= end; i += 2) {
            a += at[i];
            b += at[i + 1];
        }
        for (; i < end; i++) a += at[i];
        a += b;
        for (int lane = 0; lane < 8; lane++) sums_[worker][0] += a[lane];
    }

    const uint8_t* data_;
    size_t bytes_;
    uint32_t workers_ = 1;
    std::vector<std::array<uint64_t, 8>> sums_;  // a line of the cache each
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

// Tokens that differ, as a text's do, and are the same in every run.
std::vector<uint32_t> some_tokens(const Model& model, size_t count) {
    std::vector<uint32_t> tokens;
    for (size_t i = 0; i < count; i++) tokens.push_back(uint32_t(i * 7919 % model.architecture->vocab));
    return tokens;
}

void check(const Fault& fault, const std::string& file) {
    if (!fault.ok()) refuse_fault(fault, file);
}

double time_steps(Session& session, const std::vector<uint32_t>& tokens, size_t count, bool one_by_one, const std::string& file) {
    const double begin = seconds();
    if (!one_by_one) check(step(session, tokens.data(), count).fault, file);
    for (size_t i = 0; one_by_one && i < count; i++) check(step(session, &tokens[i], 1).fault, file);
    return seconds() - begin;
}

struct Measured {
    Speed speed;
    std::vector<double> seconds;
};

// The session of one thread count, with its own share of the measurements.
class Bencher {
public:
    Bencher(const Model& model, const std::string& file, const BenchOptions& o, const Options& session, uint32_t threads)
        : file_(file), host_(start_session(model, session, file, Machine{o.isa, threads})),
          tokens_(some_tokens(model, session.context)), reader_(model), pool_(this->threads()) {
        for (const uint32_t depth : o.depths) results_.push_back({Speed{this->threads(), false, depth, o.decode, 0, 0}, {}});
        if (o.prefill) results_.push_back({Speed{this->threads(), true, 0, o.prefill, 0, 0}, {}});
    }

    uint32_t threads() const { return host_.session.workers.count; }
    size_t arena_bytes() const { return host_.session.plan.total; }

    void round() {
        for (Measured& m : results_) {
            check(rewind(host_.session, 0), file_);
            if (m.speed.depth) time_steps(host_.session, tokens_, m.speed.depth, false, file_);
            m.seconds.push_back(time_steps(host_.session, tokens_, m.speed.tokens, !m.speed.prefill, file_));
            stop_if_interrupted();
        }
        reading_.push_back(reader_.seconds_for(pool_));
    }

    std::vector<Speed> speeds(uint64_t weight_bytes) const {
        const double read_rate = double(reader_.bytes()) / median(reading_);
        std::vector<Speed> out;
        for (const Measured& m : results_) {
            Speed s = m.speed;
            s.tokens_per_second = s.tokens / median(m.seconds);
            if (!s.prefill) s.read_share = s.tokens_per_second * double(weight_bytes) / read_rate;
            out.push_back(s);
        }
        return out;
    }

private:
    std::string file_;
    HostSession host_;
    std::vector<uint32_t> tokens_;
    Reader reader_;
    Pool pool_;
    std::vector<Measured> results_;
    std::vector<double> reading_;
};

// The context that the measurements need, within what the model has.
Options session_of(const BenchOptions& o, const Model& model, const std::string& file) {
    Options session = o.session;
    uint32_t needed = o.prefill;
    for (const uint32_t depth : o.depths) needed = std::max(needed, depth + o.decode);
    if (!session.context) session.context = needed;
    const uint32_t room = std::min(session.context, model.architecture->context);
    if (needed > room)
        throw Failure(Exit::limit, "E_CONTEXT", file, std::nullopt,
                      "these measurements take " + std::to_string(needed) + " tokens, the context holds " + std::to_string(room) +
                          "; lower -d, -n or -p");
    return session;
}

}  // namespace

Bench bench(const std::string& file, const BenchOptions& o) {
    dl_iterate_phdr(touch_object, nullptr);
    const uint64_t before = peak_memory();
    const double begin = seconds();
    const OpenModel opened = open_model(file);
    const Options session = session_of(o, opened.model, file);
    Bench out;
    {
        HostSession first = start_session(opened.model, session, file, Machine{o.isa, 1});
        const uint32_t token = 0;
        check(step(first.session, &token, 1).fault, file);
        out.first_token_seconds = seconds() - begin;
        out.isa = first.session.kernels->name;
        out.arena_bytes = first.session.plan.total;
        out.peak_bytes = peak_memory() - before;
    }
    out.weight_bytes = bytes_of_a_token(opened.model);
    out.model_bytes = opened.file->size();
    out.context = session.context;
    std::vector<std::unique_ptr<Bencher>> benchers;
    for (const uint32_t threads : o.threads) {
        benchers.push_back(std::make_unique<Bencher>(opened.model, file, o, session, threads));
        if (!threads) out.chosen_threads = benchers.back()->threads();
    }
    Progress progress("bench", "rounds", o.rounds);
    for (uint32_t round = 0; round < o.rounds; round++) {
        for (const auto& bencher : benchers) bencher->round();
        progress.at(round + 1);
    }
    for (const auto& bencher : benchers)
        for (const Speed& speed : bencher->speeds(out.weight_bytes)) out.speeds.push_back(speed);
    return out;
}

}  // namespace mote::tools
