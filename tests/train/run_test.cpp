// run: whole runs: killed, interrupted, damaged, doubled.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

#include "base/output.h"
#include "base/random.h"
#include "export/hf.h"
#include "host/make_checkpoint.h"
#include "host/refusal.h"
#include "host/shared_data.h"
#include "import/import.h"
#include "train/checkpoint.h"
#include "train/tiny_run.h"

namespace mote::tools {
namespace {

using mote::testing::expect_refusal;
using mote::testing::read_file;
using mote::testing::TemporaryFolder;
using mote::testing::tiny_run;
using mote::testing::words;

// Trains in a process of its own, which gets `signal` when its log has begun; its exit code, or minus the signal that ended it.
int train_in_child(const TrainOptions& options, int signal = 0) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (!std::freopen("/dev/null", "w", stderr)) ::_exit(1);
        watch_signals();
        try {
            train(options);
            ::_exit(0);
        } catch (const Failure& failure) {
            ::_exit(int(failure.exit()));
        }
    }
    int status = 0;
    if (signal) {
        std::error_code absent;
        while (std::filesystem::file_size(options.run + "/log.jsonl", absent) == 0 || absent) ::usleep(100);
        ::kill(child, signal);
    }
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void expect_same_end(const std::string& a, const std::string& b) {
    for (const char* name : {"/last/model.safetensors", "/last/train_state", "/last/config.json", "/last/tokenizer.json"})
        EXPECT_TRUE(read_file(a + name) == read_file(b + name)) << name;
}

TEST(run, learns_and_its_checkpoint_is_a_model) {
    const TemporaryFolder folder;
    TrainOptions o = tiny_run(folder, "run");
    o.settings.steps = 150;
    o.settings.rate = 1e-2f;
    o.settings.dropout = 0;
    const TrainResult result = train(o);
    EXPECT_EQ(result.steps, 150u);
    EXPECT_LT(result.validation_loss, 1.6);  // from ln 20 = 3; the text has ln 9 a word of about four characters
    const Weights w = import_checkpoint(o.run + "/best");
    EXPECT_EQ(w.architecture.layers, 1u);
    ASSERT_TRUE(w.tokenizer);
    EXPECT_EQ(w.tokenizer->pieces.size(), w.architecture.vocab);
    EXPECT_NE(read_file(o.run + "/log.jsonl").find("\"validation_loss\""), std::string::npos);
    EXPECT_NE(read_file(o.run + "/loss.svg").find("nats a token"), std::string::npos);
}

TEST(run, interrupted_saves_its_step_and_goes_on_with_the_same_bits) {
    const TemporaryFolder folder;
    TrainOptions whole = tiny_run(folder, "whole");
    whole.settings.steps = 2000;  // long enough to be met at work
    whole.settings.eval_every = 1000;
    TrainOptions stopped = whole;
    stopped.run = folder.path() + "/stopped";
    ASSERT_EQ(train_in_child(whole), 0);
    ASSERT_EQ(train_in_child(stopped, SIGINT), int(Exit::interrupted));
    stopped.resume = true;
    ASSERT_EQ(train_in_child(stopped), 0);
    expect_same_end(whole.run, stopped.run);
}

TEST(run, refuses_a_second_trainer_a_used_folder_and_other_settings) {
    const TemporaryFolder folder;
    TrainOptions o = tiny_run(folder, "run");
    ASSERT_EQ(train_in_child(o), 0);
    expect_refusal("E_ARG", {"--resume"}, [&] { train(o); });
    {
        const RunFolder held(o.run);
        expect_refusal("E_STATE", {"another trainer"}, [&] { RunFolder second(o.run); });
    }
    o.resume = true;
    o.settings.dim = 32;
    o.given = {"dim"};
    expect_refusal("E_MISMATCH", {"dim is 16 there, 32"}, [&] { train(o); });
    o.given = {};
    folder.write("words.txt", words(601));
    expect_refusal("E_MISMATCH", {"data"}, [&] { train(o); });
}

TEST(run, falls_back_from_a_damaged_checkpoint) {
    const TemporaryFolder folder;
    const TrainOptions o = tiny_run(folder, "run");
    ASSERT_EQ(train_in_child(o), 0);
    const RunFolder run(o.run);
    const std::string newest = run.load().folder, state = newest + "/train_state";
    const std::string bytes = read_file(state);
    for (const size_t size : {size_t(0), size_t(11), size_t(100), bytes.size() / 2, bytes.size() - 1}) {
        std::ofstream(state, std::ios::binary) << bytes.substr(0, size);
        EXPECT_NE(run.load().folder, newest) << size;
    }
    for (const char* name : {"/train_state", "/model.safetensors", "/tokenizer.json"}) {
        std::ofstream(state, std::ios::binary) << bytes;
        std::string flipped = read_file(newest + name);
        const std::string good = flipped;
        flipped[flipped.size() / 3] = char(flipped[flipped.size() / 3] ^ 1);
        std::ofstream(newest + name, std::ios::binary) << flipped;
        expect_refusal("E_CRC", {name + 1}, [&] { load_step(newest); });
        EXPECT_NE(run.load().folder, newest) << name;
        std::ofstream(newest + name, std::ios::binary) << good;
    }
    EXPECT_EQ(run.load().folder, newest);
    std::filesystem::remove(state);
    expect_refusal("E_MISSING", {"training state"}, [&] { load_step(newest); });
}

TEST(run, stops_at_a_loss_that_is_no_number) {
    const TemporaryFolder folder;
    TrainOptions o = tiny_run(folder, "run");
    o.settings.eval_every = 1;
    o.settings.warmup = 0;
    o.settings.rate = 1e36f;
    expect_refusal("E_NONFINITE", {"not finite", "--lr"}, [&] { train(o); });
}

TEST(run, keeps_the_last_good_checkpoint_when_weights_grow_without_bound) {
    const TemporaryFolder folder;
    TrainOptions o = tiny_run(folder, "run");
    ASSERT_EQ(train_in_child(o), 0);
    uint64_t step = 0;
    {
        const RunFolder run(o.run);
        RunFolder::Loaded loaded = run.load();
        step = ++loaded.state.train.step;
        loaded.state.settings.steps = 60;
        for (auto& [key, tensor] : loaded.weights.tensors)  // finite, but no product of two of them is
            if (tensor.rows > 1) tensor = HostTensor(tensor.rows, tensor.cols, std::vector<float>(tensor.count(), 3e38f));
        const HfFiles files = export_hf(loaded.weights);
        FileBytes model = {{"config.json", files.config}, {"model.safetensors", files.safetensors}};
        for (const char* name : {"tokenizer.json", "tokenizer_config.json"}) model[name] = read_file(loaded.folder + "/" + name);
        run.save(loaded.state, model);
    }
    o.resume = true;
    expect_refusal("E_NONFINITE", {"step 42", "not finite", "the last checkpoint is as it was"}, [&] { train(o); });
    EXPECT_EQ(RunFolder(o.run).load().state.train.step, step);
}

TEST(describe_run, says_what_a_run_costs) {
    const TemporaryFolder folder;
    const std::string text = describe_run(tiny_run(folder, "run"));
    for (const char* part : {"parameters", "6 x parameters x tokens", "MiB on 2 threads", "tokens a parameter", "40 steps of 160 tokens"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

}  // namespace
}  // namespace mote::tools
