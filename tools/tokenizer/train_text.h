// train_text: training text from files of any size, in blocks that end where words end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/pairs.h"
#include "tokenizer/train_split.h"

namespace mote::tools {

/// What to do with bytes that are not UTF-8: refuse the file, put U+FFFD for each ill-formed part, or learn the bytes.
enum class InvalidUtf8 { error, replace, bytes };

/// The files one after the other; no word goes from one into the next. Of a file of pairs, the prompts and completions, each with a
/// line end if it has none. Memory is a block, or the longest word where that is more, or a file of pairs. Other files are read, not mapped, so that one which shrinks meanwhile ends early and does no harm.
class TrainingText {
public:
    /// Errors: E_IO (missing, a folder, a pipe, unreadable), E_EMPTY, E_TYPE (compressed, or a document), E_UTF8 (UTF-16), those of pairs.
    TrainingText(std::vector<std::string> files, const SpecialTexts& specials, InvalidUtf8 policy, size_t block_bytes = 1 << 20);
    ~TrainingText();
    TrainingText(const TrainingText&) = delete;
    TrainingText& operator=(const TrainingText&) = delete;

    /// The next block; false when there is none. Errors: E_IO, E_UTF8 with the byte.
    bool next(std::string& block);

    uint64_t total_bytes() const { return total_bytes_; }
    uint64_t bytes_read() const { return bytes_read_; }
    const SpecialTexts& specials() const { return specials_; }

private:
    bool next_pairs(std::string& block);
    bool open_next();
    bool read_more();
    void take_valid(bool at_end);
    size_t take_invalid(size_t at);

    std::vector<std::string> files_;
    const SpecialTexts& specials_;
    InvalidUtf8 policy_;
    size_t block_bytes_;
    uint64_t total_bytes_ = 0, bytes_read_ = 0;
    size_t next_file_ = 0;
    std::vector<Pair> pairs_;  // of the file that is read, from next_pair_ on
    size_t next_pair_ = 0;
    int fd_ = -1;
    uint64_t raw_begin_ = 0;  // where raw_ begins in the file
    std::string raw_;         // read, not yet known to be whole characters
    std::string text_;        // whole characters from the start of a piece on
};

}  // namespace mote::tools
