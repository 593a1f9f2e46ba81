// log: a line of JSON is written at once, so that a killed run leaves at most one that is cut; resuming drops it.
#include "train/log.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sstream>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/output.h"

namespace mote::tools {
namespace {

constexpr uint64_t steps_a_line = 10;

std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

TrainLog::TrainLog(const std::string& run, uint64_t step, uint64_t steps)
    : run_(run), steps_(steps), first_step_(step), start_(seconds()), terminal_(::isatty(2) == 1) {
    const std::string path = run + "/log.jsonl";
    if (exists(path)) {
        std::istringstream lines{std::string(MappedFile(path).text())};
        for (std::string line; std::getline(lines, line);) keep(line, step);
    }
    write_whole(path, kept_);
    if (!kept_.empty()) write_whole(run + "/loss.svg", loss_svg(train_, validation_));
    file_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file_ < 0) refuse_io(path, "cannot open", errno);
}

TrainLog::~TrainLog() {
    clear_progress();
    ::close(file_);
}

void TrainLog::keep(const std::string& line, uint64_t up_to) {
    const Json json = Json::parse(line, nullptr, false);
    const auto number = [&json](const char* key) { return json.is_object() && json.contains(key) && json[key].is_number(); };
    if (!number("step") || json["step"].get<double>() > double(up_to)) return;
    const double step = json["step"].get<double>();
    if (number("loss")) train_.push_back({step, json["loss"].get<double>()});
    if (number("validation_loss")) validation_.push_back({step, json["validation_loss"].get<double>()});
    kept_ += line + "\n";
}

void TrainLog::write(const std::string& line) {
    for (size_t done = 0; done < line.size();) {
        const ssize_t n = ::write(file_, line.data() + done, line.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) refuse_io(run_ + "/log.jsonl", "cannot write", errno);
        done += size_t(n);
    }
}

void TrainLog::clear_progress() {
    if (shown_ > 0) std::fprintf(stderr, "\r\033[K");
    shown_ = 0;
}

void TrainLog::add(const StepRecord& r) {
    if (r.step % steps_a_line == 0) {
        train_.push_back({double(r.step), r.loss});
        write(line_of({{"step", r.step},
                       {"loss", r.loss},
                       {"lr", r.rate},
                       {"gradient_norm", r.gradient_length},
                       {"tokens_per_second", r.tokens_per_second}}));
    }
    const double now = seconds();
    if (!terminal_ || now - shown_ < 0.1) return;
    shown_ = now;
    const double left = (now - start_) / double(r.step - first_step_) * double(steps_ - r.step);
    std::fprintf(stderr, "\rstep %llu of %llu, loss %.4f, %.0f tokens/s, %.0f s left\033[K",
                 static_cast<unsigned long long>(r.step), static_cast<unsigned long long>(steps_), r.loss, r.tokens_per_second,
                 left);
}

void TrainLog::add(const EvaluationRecord& r) {
    validation_.push_back({double(r.step), r.validation_loss});
    write(line_of({{"step", r.step}, {"train_loss", r.train_loss}, {"validation_loss", r.validation_loss}, {"sample", r.sample}}));
    if (::fsync(file_) != 0) refuse_io(run_ + "/log.jsonl", "cannot sync", errno);  // no checkpoint is ahead of the log
    write_whole(run_ + "/loss.svg", loss_svg(train_, validation_));
    clear_progress();
    char text[160];
    std::snprintf(text, sizeof text, "step %llu: training loss %.4f, validation loss %.4f", static_cast<unsigned long long>(r.step),
                  r.train_loss, r.validation_loss);
    note(text);
}

}  // namespace mote::tools
