// trainer: the loop.
#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/random.h"
#include "export/hf.h"
#include "import/import.h"
#include "model/open_model.h"
#include "pack/pack.h"
#include "run/generate.h"
#include "train/checkpoint.h"
#include "train/data.h"
#include "train/estimate.h"
#include "train/log.h"
#include "train/qat.h"
#include "train/schedule.h"

namespace mote::tools {
namespace {

// Streams of random numbers of one seed: every batch of every step has its own.
enum class Stream : uint64_t { weights = 0, batches = 1, dropout = 2, evaluation = 3 };

uint64_t seed_of(uint64_t seed, Stream stream, uint64_t index) {
    Random random(seed + (uint64_t(stream) << 32));
    return Random(random.next() + index).next();
}

size_t target_count(const BatchBuffer& buffer) {
    size_t count = 0;
    for (const int32_t target : buffer.targets) count += target != no_target;
    return count;
}

// ---- a run in memory

class Run {
public:
    /// folder  nullptr: nothing is kept
    Run(RunFolder* folder, RunState state, Weights weights, DataTokenizer tokenizer)
        : folder_(folder),
          state_(std::move(state)),
          weights_(std::move(weights)),
          tokenizer_(std::move(tokenizer)),
          settings_(state_.settings),
          data_(settings_.data, tokenizer_.model, settings_.val_fraction, settings_.context, folder ? folder->path() : ""),
          network_(network_of(weights_)),
          threads_(settings_.threads),
          optimizer_(network_, threads_, settings_.batch, settings_.context),
          rounded_values_(network_, parse_formats(settings_.qat.empty() ? "f32" : settings_.qat), threads_),
          schedule_{settings_.rate, settings_.min_rate, settings_.warmup, settings_.steps} {
        weights_.tokenizer = tokenizer_.model;
        state_.train.values = flat_values(network_, weights_);
        state_.train.first_moment.resize(network_.count);
        state_.train.second_moment.resize(network_.count);
        if (state_.train.step > 0) saved_step_ = state_.train.step;  // it was loaded
    }

    void require_same_data(const std::string& file);
    TrainResult train();
    Estimate estimate();

private:
    std::string path() const { return folder_ ? folder_->path() : "--dry-run"; }
    const float* values(bool rounded);
    double train_step(double& gradient_length);
    double evaluate(Split split);
    std::string sample() const;
    void evaluate_and_save(TrainLog& log);
    void save();
    void stop_unless_finite(double value, const char* what) const;

    RunFolder* folder_;
    RunState state_;
    Weights weights_;
    DataTokenizer tokenizer_;
    const TrainSettings& settings_;
    Dataset data_;
    Network network_;
    Threads threads_;
    Optimizer optimizer_;
    RoundedValues rounded_values_;
    Schedule schedule_;
    double validation_loss_ = 0;
    uint64_t saved_step_ = UINT64_MAX;
};

void Run::require_same_data(const std::string& file) {
    const uint32_t crc = data_.crc();
    if (state_.data_tokens != 0 && (state_.data_tokens != data_.tokens() || state_.data_crc != crc))
        refuse("E_MISMATCH", file, "data: the run began with other texts (" + std::to_string(state_.data_tokens) + " tokens, now " +
                                       std::to_string(data_.tokens()) + ")");
    state_.data_tokens = data_.tokens();
    state_.data_crc = crc;
}

// The parameters as the forward pass sees them.
const float* Run::values(bool rounded) {
    network_.rounded = rounded;
    return rounded ? rounded_values_.of(state_.train.values.data()) : state_.train.values.data();
}

// One step of the optimizer; the mean loss of its batches.
double Run::train_step(double& gradient_length) {
    std::vector<BatchBuffer> buffers(settings_.accumulate);
    std::vector<Batch> batches;
    size_t targets = 0;
    for (uint32_t i = 0; i < settings_.accumulate; i++) {
        const uint64_t index = state_.train.step * settings_.accumulate + i;
        batches.push_back(data_.batch(Split::train, settings_.batch, seed_of(settings_.seed, Stream::batches, index), buffers[i]));
        targets += target_count(buffers[i]);
    }
    const bool rounds =
        !settings_.qat.empty() && (!settings_.qat_steps || state_.train.step + settings_.qat_steps >= settings_.steps);
    const float* w = values(rounds);
    double loss = 0;
    for (uint32_t i = 0; i < settings_.accumulate; i++) {
        const uint64_t index = state_.train.step * settings_.accumulate + i;
        const Dropout dropout{settings_.dropout, seed_of(settings_.seed, Stream::dropout, index)};
        loss += optimizer_.accumulate(w, batches[i], 1.0f / float(targets), dropout);
    }
    gradient_length = optimizer_.reduce();
    stop_unless_finite(loss, "loss");
    stop_unless_finite(gradient_length, "gradient");
    StepOptions options;
    options.adam = {settings_.beta1, settings_.beta2, 1e-8f, settings_.weight_decay};
    options.rate = learning_rate(schedule_, state_.train.step);
    options.longest_gradient = settings_.grad_clip;
    optimizer_.step(state_.train, options, gradient_length);
    return loss / double(targets);
}

void Run::stop_unless_finite(double value, const char* what) const {
    if (std::isfinite(value)) return;
    refuse("E_NONFINITE", path(),
           std::string("the ") + what + " of step " + std::to_string(state_.train.step + 1) +
               " is not finite; the last checkpoint is as it was; try a lower --lr or more --warmup");
}

// The same batches at every evaluation, so that losses compare. Of the training data as many as the validation data has.
double Run::evaluate(Split split) {
    BatchBuffer buffer;
    const float* w = values(!settings_.qat.empty());
    double sum = 0;
    size_t targets = 0;
    const bool whole = settings_.eval_batches == 0, in_order = whole && split == Split::validation;
    const Split counted = data_.has_validation() ? Split::validation : Split::train;
    const size_t batches = whole ? (data_.sequences(counted) + settings_.batch - 1) / settings_.batch : settings_.eval_batches;
    for (size_t i = 0; i < batches; i++) {
        const Batch batch = in_order ? data_.batch_in_order(split, i * settings_.batch, settings_.batch, buffer)
                                     : data_.batch(split, settings_.batch, seed_of(settings_.seed, Stream::evaluation, i), buffer);
        sum += optimizer_.loss(w, batch);
        targets += target_count(buffer);
    }
    return sum / double(targets);
}

// A text from nothing, by core's own forward pass in the formats that the run is for.
std::string Run::sample() const {
    std::vector<std::string> notes;
    const std::vector<uint8_t> file = pack_model(weights_, parse_formats(settings_.qat.empty() ? "f32" : settings_.qat), notes);
    std::unique_ptr<void, void (*)(void*)> image(std::aligned_alloc(64, (file.size() + 63) / 64 * 64), std::free);
    if (!image) throw std::bad_alloc();
    std::memcpy(image.get(), file.data(), file.size());
    const Result<Model> opened = open(image.get(), file.size());
    if (!opened.ok()) refuse_fault(opened.fault, path());
    GenerateOptions options;
    options.session = Options{settings_.context, 8, settings_.qat.empty() ? Format::f32 : Format::q8, 0};
    options.sampler = SamplerOptions{};
    options.sampler.seed = settings_.seed;
    options.count = std::min(settings_.context - 1, 200u);
    Decoder decoder;
    decoder.tokenizer = &opened.value.tokenizer;
    std::string text;
    const uint32_t first = tokenizer_.model.eos != no_token ? tokenizer_.model.eos : 0;
    generate(opened.value, {first}, options, path(), [&](uint32_t token) {
        const DecodedText piece = decode(decoder, token);
        text.append(piece.head.data, piece.head.count).append(piece.body.data, piece.body.count);
    });
    return text;
}

void Run::evaluate_and_save(TrainLog& log) {
    const double train_loss = evaluate(Split::train);
    validation_loss_ = data_.has_validation() ? evaluate(Split::validation) : train_loss;
    stop_unless_finite(validation_loss_, "validation loss");
    if (!state_.best_loss || validation_loss_ < *state_.best_loss) {
        state_.best_loss = validation_loss_;
        state_.best_step = state_.train.step;
    }
    store_values(network_, state_.train.values.data(), weights_);
    log.add(EvaluationRecord{state_.train.step, train_loss, validation_loss_, sample()});
    save();
}

void Run::save() {
    if (saved_step_ == state_.train.step) return;
    for (const float value : state_.train.values) stop_unless_finite(double(value), "weights");
    store_values(network_, state_.train.values.data(), weights_);
    HfFiles files = export_hf(weights_);
    FileBytes model(tokenizer_.files);
    model["config.json"] = std::move(files.config);
    model["model.safetensors"] = std::move(files.safetensors);
    folder_->save(state_, model);
    saved_step_ = state_.train.step;
}

TrainResult Run::train() {
    TrainLog log(path(), state_.train.step, settings_.steps);
    const double step_tokens = double(settings_.accumulate) * settings_.batch * settings_.context;
    double training_seconds = 0;
    uint64_t done = 0;
    while (state_.train.step < settings_.steps) {
        const double start = seconds();
        double gradient_length = 0;
        const double rate = double(learning_rate(schedule_, state_.train.step)), loss = train_step(gradient_length);
        training_seconds += seconds() - start;
        done++;
        log.add(StepRecord{state_.train.step, loss, rate, gradient_length, double(done) * step_tokens / training_seconds});
        try {
            if (state_.train.step % settings_.eval_every == 0 || state_.train.step == settings_.steps) evaluate_and_save(log);
            stop_if_interrupted();
        } catch (const Failure& failure) {
            if (failure.exit() == Exit::interrupted) save();
            throw;
        }
    }
    if (done == 0) validation_loss_ = evaluate(data_.has_validation() ? Split::validation : Split::train);
    TrainResult result;
    result.steps = state_.train.step;
    result.validation_loss = validation_loss_;
    result.best_loss = state_.best_loss.value_or(validation_loss_);
    result.tokens_per_second = training_seconds > 0 ? double(done) * step_tokens / training_seconds : 0;
    return result;
}

// Takes a few real steps, after one that also fetches memory.
Estimate Run::estimate() {
    constexpr double enough_seconds = 2;
    constexpr int enough_steps = 20;
    Estimate e;
    for (const Parameter& p : network_.parameters) e.parameters += p.count();
    e.vocab = data_.vocab();
    e.data_tokens = data_.tokens();
    e.memory_bytes = run_bytes(network_, settings_, data_.tokens());
    double gradient_length;
    train_step(gradient_length);
    int steps = 0;
    const double start = seconds();
    for (; steps < enough_steps && (steps == 0 || seconds() - start < enough_seconds); steps++) train_step(gradient_length);
    e.step_seconds = (seconds() - start) / steps;
    return e;
}

// ---- how a run begins

TrainSettings with_threads(TrainSettings settings) {
    if (settings.threads == 0) settings.threads = std::max(1u, std::thread::hardware_concurrency());
    return settings;
}

// What a new run begins with.
struct Beginning {
    TrainSettings settings;
    DataTokenizer tokenizer;
    Weights weights;
};

Beginning from_scratch(TrainSettings settings) {
    DataTokenizer tokenizer = make_tokenizer(settings.tokenizer, settings.data);
    Weights weights =
        initial_weights(settings.shape(uint32_t(tokenizer.model.pieces.size())), seed_of(settings.seed, Stream::weights, 0));
    return {std::move(settings), std::move(tokenizer), std::move(weights)};
}

Beginning from_checkpoint(const TrainOptions& options, TrainSettings settings) {
    if (options.given.count("tokenizer")) refuse_usage("--tokenizer: a model that begins with --init-from keeps its tokenizer");
    const std::string best = settings.init_from + "/best";  // of a run
    const std::string folder = exists(best) ? best : settings.init_from;
    Weights weights = import_checkpoint(folder);
    settings = sizes_of(weights, std::move(settings), options.given);
    settings.tokenizer = folder;
    DataTokenizer tokenizer = make_tokenizer(folder, {});
    if (tokenizer.model.pieces.size() > weights.architecture.vocab)
        refuse("E_MISMATCH", folder, "the tokenizer has " + std::to_string(tokenizer.model.pieces.size()) + " tokens, the model " +
                                         std::to_string(weights.architecture.vocab));
    return {std::move(settings), std::move(tokenizer), std::move(weights)};
}

Beginning beginning_of(const TrainOptions& options) {
    const TrainSettings settings = with_threads(options.settings);
    check_settings(settings);
    return settings.init_from.empty() ? from_scratch(settings) : from_checkpoint(options, settings);
}

TrainResult begin(const TrainOptions& options, RunFolder& folder) {
    if (folder.has_steps()) refuse_usage(options.run + " holds a run; go on with it by --resume, or choose another folder");
    Beginning b = beginning_of(options);
    RunState state;
    state.settings = std::move(b.settings);
    Run run(&folder, std::move(state), std::move(b.weights), std::move(b.tokenizer));
    run.require_same_data(options.run);
    return run.train();
}

TrainResult resume(const TrainOptions& options, RunFolder& folder) {
    RunFolder::Loaded loaded = folder.load();
    require_same(loaded.state.settings, options.settings, options.given, loaded.folder);
    if (!options.settings.data.empty()) loaded.state.settings.data = options.settings.data;
    DataTokenizer tokenizer = make_tokenizer(loaded.folder + "/tokenizer.json", {});
    Run run(&folder, std::move(loaded.state), std::move(loaded.weights), std::move(tokenizer));
    run.require_same_data(loaded.folder);
    return run.train();
}

}  // namespace

TrainResult train(const TrainOptions& options) {
    RunFolder folder(options.run);
    return options.resume ? resume(options, folder) : begin(options, folder);
}

std::string describe_run(const TrainOptions& options) {
    Beginning b = beginning_of(options);
    RunState state;
    state.settings = std::move(b.settings);
    const TrainSettings settings = state.settings;
    return estimate_text(settings, Run(nullptr, std::move(state), std::move(b.weights), std::move(b.tokenizer)).estimate());
}

}  // namespace mote::tools
