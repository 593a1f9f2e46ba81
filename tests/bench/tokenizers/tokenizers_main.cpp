// tokenizers: tokenizers TOKENIZER FILE ROUNDS. Times encoding and decoding of a file on one thread, as one text and line by line, here and,
// for a SentencePiece model, by SentencePiece, in turn. A line for each: who, what, seconds of the median round, tokens.
#include <sentencepiece_processor.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "model/tokenizer_model.h"
#include "mote/tokenizer.h"
#include "tokenizer/tokenizer_import.h"

using namespace mote;
using namespace mote::tools;

namespace {

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
    Lines lines;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

// Core, with room for the longest text.
class Ours {
public:
    Ours(const char* path, size_t longest) {
        const TokenizerModel model = import_tokenizer(path);
        const std::vector<uint8_t> section = pack_tokenizer(model, static_cast<uint32_t>(model.pieces.size()), path);
        section_.resize(section.size() / sizeof(Chunk) + 1);
        std::memcpy(section_.data(), section.data(), section.size());
        tokenizer_ = open_tokenizer(section_.data()->bytes, section.size()).value;
        scratch_.resize(encode_scratch(tokenizer_, longest).value / 4 + 1);
        tokens_.resize(encode_limit(tokenizer_, longest));
    }

    size_t encode(const Lines& lines) {
        size_t total = 0;
        ids_.clear();
        std::fill(words_.begin(), words_.end(), 0u);
        for (const std::string_view line : lines) {
            EncodeOptions options;
            options.add_special = false;
            options.words = {reinterpret_cast<uint8_t*>(words_.data()), words_.size() * 4};
            const Result<size_t> made = mote::encode(tokenizer_, {line.data(), line.size()}, options,
                                                     {reinterpret_cast<uint8_t*>(scratch_.data()), scratch_.size() * 4}, {tokens_.data(), tokens_.size()});
            if (!made.ok()) std::exit(3);
            total += made.value;
            ids_.insert(ids_.end(), tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(made.value));
        }
        return total;
    }

    // Of what was encoded last.
    size_t decode() {
        Decoder decoder;
        decoder.tokenizer = &tokenizer_;
        text_.clear();
        for (const uint32_t token : ids_) {
            const DecodedText added = mote::decode(decoder, token);
            text_.append(added.head.data, added.head.count);
            text_.append(added.body.data, added.body.count);
        }
        return ids_.size();
    }

private:
    struct alignas(image_alignment) Chunk {
        uint8_t bytes[image_alignment];
    };
    std::vector<Chunk> section_;
    Tokenizer tokenizer_;
    std::vector<uint32_t> scratch_, tokens_, ids_, words_ = std::vector<uint32_t>((2 << 20) / 4);
    std::string text_;
};

class SentencePiece {
public:
    bool load(const char* path) { return std::string_view(path).rfind(".model") != std::string_view::npos && processor_.Load(path).ok(); }

    size_t encode(const Lines& lines) {
        size_t total = 0;
        ids_.clear();
        for (const std::string_view line : lines) {
            ids_.emplace_back();
            if (!processor_.Encode({line.data(), line.size()}, &ids_.back()).ok()) std::exit(3);
            total += ids_.back().size();
        }
        return total;
    }

    size_t decode() {
        size_t total = 0;
        for (const std::vector<int>& line : ids_) {
            std::string text;
            if (!processor_.Decode(line, &text).ok()) std::exit(3);
            total += line.size();
        }
        return total;
    }

private:
    sentencepiece::SentencePieceProcessor processor_;
    std::vector<std::vector<int>> ids_;
};

struct Task {
    const char *who, *what;
    std::function<size_t()> run;
    std::vector<double> seconds = {};
    size_t tokens = 0;
};

void measure(std::vector<Task>& tasks, int rounds) {
    for (int round = 0; round < rounds; round++) {
        for (Task& task : tasks) {
            const auto start = std::chrono::steady_clock::now();
            task.tokens = task.run();
            task.seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        }
    }
    for (Task& task : tasks) {
        std::sort(task.seconds.begin(), task.seconds.end());
        std::printf("%s %s %.6f %zu\n", task.who, task.what, task.seconds[task.seconds.size() / 2], task.tokens);
    }
}

int run(char** words) {
    const MappedFile file(words[2]);
    const Lines lines = lines_of(file.text()), whole = {file.text()};
    Ours ours(words[1], file.size());
    SentencePiece theirs;
    std::vector<Task> tasks = {{"mote", "whole", [&] { return ours.encode(whole); }},
                               {"mote", "lines", [&] { return ours.encode(lines); }},
                               {"mote", "decode", [&] { return ours.decode(); }}};
    if (theirs.load(words[1])) {
        tasks.push_back({"sentencepiece", "lines", [&] { return theirs.encode(lines); }});
        tasks.push_back({"sentencepiece", "decode", [&] { return theirs.decode(); }});
    }
    measure(tasks, std::atoi(words[3]));
    return 0;
}

}  // namespace

int main(int count, char** words) {
    if (count != 4) return 2;
    try {
        return run(words);
    } catch (const Failure& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 3;
    }
}
