// log: what a run did, for people while it runs and for programs afterwards: RUN/log.jsonl, RUN/loss.svg, and a line on the
// terminal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/loss_svg.h"

namespace mote::tools {

struct StepRecord {
    uint64_t step;
    double loss;  // nats a token, of the step's batches
    double rate, gradient_length, tokens_per_second;
};

struct EvaluationRecord {
    uint64_t step;
    double train_loss, validation_loss;
    std::string sample;  // text that the model made
};

class TrainLog {
public:
    /// Goes on with the log of a run that did `step` steps: what it says of later ones is dropped.
    TrainLog(const std::string& run, uint64_t step, uint64_t steps);
    ~TrainLog();
    TrainLog(const TrainLog&) = delete;
    TrainLog& operator=(const TrainLog&) = delete;

    void add(const StepRecord& record);
    void add(const EvaluationRecord& record);

private:
    void keep(const std::string& line, uint64_t up_to);
    void write(const std::string& line);
    void clear_progress();

    std::string run_;
    uint64_t steps_, first_step_;
    int file_ = -1;
    std::vector<LossPoint> train_, validation_;
    std::string kept_;
    double start_, shown_ = 0;
    bool terminal_;
};

}  // namespace mote::tools
