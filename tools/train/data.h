// data: text files become tokens, and tokens become batches.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/tokenizer_model.h"
#include "train/model.h"
#include "train/token_file.h"

namespace mote::tools {

/// A tokenizer and the files that go beside a checkpoint.
struct DataTokenizer {
    TokenizerModel model;
    std::map<std::string, std::string> files;  // name, bytes
};

/// choice: "char" (the characters of the data), "bytes", or a file or folder that import_tokenizer reads.
DataTokenizer make_tokenizer(const std::string& choice, const std::vector<std::string>& data);

enum class Split { train, validation };

/// Room for batches, which point into it.
struct BatchBuffer {
    std::vector<uint32_t> tokens;
    std::vector<int32_t> targets;
};

class Dataset {
public:
    /// Texts, and folders of them (data_files): one stream of tokens, each file ended by the tokenizer's end token, so that
    /// documents are packed without gaps and windows may cross their ends; control tokens in the text are read as such. Any bytes
    /// are text: what the tokenizer has no token for becomes its unknown token, which is noted, or is refused where it has
    /// none. Files named .jsonl: a {"prompt", "completion"} object a line, of which the completion is trained; no control tokens
    /// are read, and the end token, or a line end where there is none, follows. The last `val_fraction` is for validation.
    ///   length  tokens of a sequence
    ///   cache   folder for what memory does not hold; empty: that of the system
    /// Memory does not grow with the texts, but for a tokenizer that knows no words (SentencePiece's): there a file is read in one
    /// piece. Errors: E_IO, E_NOSPACE, E_EMPTY, E_TYPE, E_MISSING, E_LIMIT (a sample longer than a sequence), E_TOKEN, those of
    /// JSON with file and line.
    Dataset(const std::vector<std::string>& files, const TokenizerModel& tokenizer, float val_fraction, size_t length,
            const std::string& cache = "");

    /// Sequences drawn by the seed: windows of the stream, or samples with what is left filled up and not trained. The same seed
    /// gives the same batch.
    Batch batch(Split split, size_t sequences, uint64_t seed, BatchBuffer& buffer) const;

    /// Sequences that cover a split: windows side by side, the last shorter than a sequence left out; or samples.
    size_t sequences(Split split) const;
    /// Those from number `first`, at most `sequences` of them.
    Batch batch_in_order(Split split, size_t first, size_t sequences, BatchBuffer& buffer) const;

    uint32_t vocab() const { return vocab_; }
    size_t tokens() const { return tokens_.size(); }
    size_t samples() const { return samples_.size(); }
    bool has_validation() const;
    /// CRC-32 of all tokens and of where they are trained.
    uint32_t crc() const;

private:
    struct Sample {
        size_t begin, trained_from, end;  // in tokens_
    };
    void add(const std::vector<uint32_t>& tokens, uint32_t unknown);
    void add_text(const std::string& file, class TextEncoder& encoder, const TokenizerModel& tokenizer);
    void add_samples(const std::string& file, class TextEncoder& encoder, const TokenizerModel& tokenizer);
    struct Part {
        size_t begin, end;  // tokens, or samples
    };
    Part part_of(Split split) const;
    void put_window(size_t begin, size_t row, BatchBuffer& buffer) const;
    void put_sample(const Sample& sample, size_t row, BatchBuffer& buffer) const;

    size_t length_;
    uint32_t vocab_;
    TokenFile tokens_;
    size_t unknown_ = 0;           // of tokens_
    std::vector<Sample> samples_;  // empty: a stream
    size_t train_count_;           // tokens or samples; the rest is for validation
};

}  // namespace mote::tools
