// checkpoint: a training run on disk, so that it can be killed at any instant and go on with the same bits.
//
//   RUN/step-00002000/  a Hugging Face folder (config.json, model.safetensors, tokenizer.json) and train_state; whole, or not there
//   RUN/last, RUN/best  links to the newest step and to the one with the least validation loss
//   RUN/lock            held by the trainer that runs
//
// A step is written into a hidden folder, synced, and renamed; older steps go only after that, but for the best one and the
// one before the newest, which serves if the newest is damaged.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "model/weights.h"
#include "train/optimizer.h"
#include "train/settings.h"

namespace mote::tools {

/// What a run must know to go on. Batches and dropout are drawn by (seed, step), so the step is also the state of the random
/// numbers and the place in the data.
struct RunState {
    TrainSettings settings;
    TrainState train;
    std::optional<double> best_loss;  // on the validation data
    uint64_t best_step = 0;
    uint64_t data_tokens = 0;
    uint32_t data_crc = 0;
};

using FileBytes = std::map<std::string, std::string>;  // name, bytes

class RunFolder {
public:
    /// Creates the folder if need be, takes its lock, and removes what a killed trainer has left half done. Errors: E_IO, E_STATE
    /// (another trainer holds it).
    explicit RunFolder(const std::string& path);
    ~RunFolder();
    RunFolder(const RunFolder&) = delete;
    RunFolder& operator=(const RunFolder&) = delete;

    const std::string& path() const { return path_; }
    bool has_steps() const;

    /// Writes the state as step `state.train.step`. `model` are the files of the step's Hugging Face folder.
    void save(const RunState& state, const FileBytes& model) const;

    struct Loaded {
        RunState state;  // train.values are empty: they are in the weights
        Weights weights;
        std::string folder;
    };
    /// The newest step that is whole; says loudly which ones are not. Errors: E_MISSING (there is none), E_VERSION, and that of
    /// the newest step if all are damaged.
    Loaded load() const;

private:
    void settle(const RunState& state) const;
    std::string lock_path() const { return path_ + "/lock"; }

    std::string path_;
    bool created_ = false;
    int lock_;
};

/// Reads one step. Errors: E_TRUNC, E_CRC, E_MAGIC, E_VERSION, E_MISSING, E_MISMATCH, and those of import_hf.
RunFolder::Loaded load_step(const std::string& folder);

}  // namespace mote::tools
