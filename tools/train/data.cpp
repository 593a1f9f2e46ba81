// data: core's encode on whole files and lines.
#include "train/data.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/looks_like.h"
#include "base/output.h"
#include "base/pairs.h"
#include "base/random.h"
#include "mote/model.h"
#include "mote/tokenizer.h"
#include "tokenizer/tokenizer_import.h"
#include "tokenizer/train_text.h"
#include "tokenizer/train_tokenizer.h"
#include "tokenizer/write_tokenizer_json.h"
#include "train/data_files.h"

namespace mote::tools {
namespace {

DataTokenizer written(TokenizerModel model) {
    DataTokenizer t;
    t.files["tokenizer.json"] = tokenizer_json(model, "tokenizer.json");
    t.files["tokenizer_config.json"] = tokenizer_config_json(model);
    t.model = std::move(model);
    return t;
}

// A tokenizer.json is copied as it is, with what stands beside it; other kinds are written anew.
DataTokenizer imported(const std::string& path) {
    const bool folder = std::filesystem::is_directory(path);
    const std::filesystem::path file = folder ? std::filesystem::path(path) / "tokenizer.json" : std::filesystem::path(path);
    DataTokenizer t;
    t.model = import_tokenizer(path);
    if (file.filename() != "tokenizer.json" || !exists(file.string())) return written(std::move(t.model));
    for (const char* name : {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"}) {
        const std::string beside = (file.parent_path() / name).string();
        if (exists(beside)) t.files[name] = std::string(MappedFile(beside).text());
    }
    return t;
}

// Whether a text cut between words has the tokens that it has in one piece.
bool can_be_cut(const TokenizerModel& t) {
    const bool splits = t.pre_tokenizer == PreTokenizer::gpt2, single = t.merges.empty() && t.pre_tokenizer == PreTokenizer::none;
    return (splits || single) && !(t.flags & (tokenizer_prefix_space | tokenizer_fuse_unk));
}

SpecialTexts special_texts(const TokenizerModel& t) {
    std::vector<std::string> texts;
    for (const uint32_t id : t.specials)
        if (!t.pieces[id].empty()) texts.push_back(t.pieces[id]);
    return SpecialTexts(texts);
}

void require_text(const std::string& file) {
    const std::string kind = looks_like(MappedFile(file).text());
    if (!kind.empty() && kind != "a text file" && kind != "JSON text")
        refuse("E_TYPE", file, "looks like " + kind + ", not like text");
}

}  // namespace

// Core's tokenizer with buffers of its own.
class TextEncoder {
public:
    explicit TextEncoder(const TokenizerModel& model)
        : section_(pack_tokenizer(model, uint32_t(model.pieces.size()), "the tokenizer")) {
        aligned_.resize((section_.size() + 15) / 16);
        std::copy(section_.begin(), section_.end(), reinterpret_cast<uint8_t*>(aligned_.data()));
        const Result<Tokenizer> opened = open_tokenizer(reinterpret_cast<const uint8_t*>(aligned_.data()), section_.size());
        if (!opened.ok()) refuse("E_TOKEN", "the tokenizer", error_sentence(opened.fault.error));
        tokenizer_ = opened.value;
    }

    // `where` names the text: a file, or a file and line; `begin` is where the text lies in it.
    std::vector<uint32_t> tokens(std::string_view text, bool special, const std::string& where, uint64_t begin = 0) {
        const Result<size_t> bytes = encode_scratch(tokenizer_, text.size());
        if (!bytes.ok()) refuse("E_LIMIT", where, std::to_string(text.size()) + " bytes of text in one piece are too many");
        std::vector<uint32_t> scratch(bytes.value / 4), own(encode_limit(tokenizer_, text.size()));
        EncodeOptions options;
        options.add_special = false;
        options.parse_special = special;
        options.words = {reinterpret_cast<uint8_t*>(words_.data()), words_.size() * sizeof(words_[0])};
        const Result<size_t> count = encode(tokenizer_, {text.data(), text.size()}, options,
                                            {reinterpret_cast<uint8_t*>(scratch.data()), bytes.value}, {own.data(), own.size()});
        if (!count.ok() && count.fault.error == Error::missing)
            refuse_at("E_TOKEN", where, begin + count.fault.where,
                      "the tokenizer has no token for byte " + std::to_string(count.fault.found));
        if (!count.ok()) refuse("E_TOKEN", where, error_sentence(count.fault.error));
        own.resize(count.value);
        return own;
    }

private:
    static constexpr size_t words_bytes = 2 << 20;  // what encode has use for
    struct alignas(16) Block {
        uint8_t bytes[16];
    };
    std::vector<uint8_t> section_;
    std::vector<Block> aligned_;
    std::vector<uint32_t> words_ = std::vector<uint32_t>(words_bytes / sizeof(uint32_t));  // remembered from text to text
    Tokenizer tokenizer_;
};

DataTokenizer make_tokenizer(const std::string& choice, const std::vector<std::string>& data) {
    if (choice != "char" && choice != "bytes") return imported(choice);
    TrainTokenizerOptions options;
    options.type = choice == "char" ? TokenizerType::characters : TokenizerType::bytes;
    return written(train_tokenizer(choice == "char" ? data_files(data) : std::vector<std::string>{}, options).model);
}

Dataset::Dataset(const std::vector<std::string>& paths, const TokenizerModel& tokenizer, float val_fraction, size_t length,
                 const std::string& cache)
    : length_(length),
      vocab_(uint32_t(tokenizer.pieces.size())),
      tokens_(cache.empty() ? std::filesystem::temp_directory_path().string() : cache) {
    TextEncoder encoder(tokenizer);
    const std::vector<std::string> files = data_files(paths);
    for (const std::string& file : files) {
        if (holds_pairs(file) != holds_pairs(files.front()))
            refuse("E_TYPE", file, "texts and lines of prompt and completion do not go together; train on one after the other");
        if (holds_pairs(file))
            add_samples(file, encoder, tokenizer);
        else
            add_text(file, encoder, tokenizer);
    }
    if (unknown_) note(std::to_string(unknown_) + " of " + std::to_string(tokens_.size()) + " tokens are unknown to the tokenizer");
    const size_t all = samples_.empty() ? tokens_.size() : samples_.size();
    train_count_ = all - size_t(double(all) * double(val_fraction));
    if (samples_.empty() && train_count_ <= length)
        refuse("E_EMPTY", files.front(),
               std::to_string(train_count_) + " tokens to train on; a context of " + std::to_string(length) + " needs at least " +
                   std::to_string(length + 1));
    if (samples_.empty() && all - train_count_ <= length) train_count_ = all;  // too little to validate with
}

void Dataset::add(const std::vector<uint32_t>& tokens, uint32_t unknown) {
    if (unknown != no_token) unknown_ += size_t(std::count(tokens.begin(), tokens.end(), unknown));
    tokens_.append(tokens.data(), tokens.size());
}

void Dataset::add_text(const std::string& file, TextEncoder& encoder, const TokenizerModel& tokenizer) {
    require_text(file);
    if (can_be_cut(tokenizer)) {
        const SpecialTexts specials = special_texts(tokenizer);
        TrainingText text({file}, specials, InvalidUtf8::bytes);
        Progress progress("reading " + file, "bytes", text.total_bytes());
        uint64_t at = 0;
        for (std::string block; text.next(block); at += block.size()) {
            progress.at(std::min(at, text.total_bytes()));  // a file may have grown
            add(encoder.tokens(block, true, file, at), tokenizer.unk);
        }
    } else {
        const MappedFile text(file);
        if (text.size() == 0) refuse("E_EMPTY", file, "is empty");
        add(encoder.tokens(text.text(), true, file), tokenizer.unk);
    }
    if (tokenizer.eos != no_token) tokens_.append(&tokenizer.eos, 1);
}

void Dataset::add_samples(const std::string& file, TextEncoder& encoder, const TokenizerModel& tokenizer) {
    for (const Pair& pair : read_pairs(file)) {
        const std::string where = file + ": line " + std::to_string(pair.line);
        Sample sample{tokens_.size(), 0, 0};
        add(encoder.tokens(pair.prompt, false, where), tokenizer.unk);
        sample.trained_from = tokens_.size();
        add(encoder.tokens(pair.completion, false, where), tokenizer.unk);
        if (tokenizer.eos != no_token)
            tokens_.append(&tokenizer.eos, 1);
        else
            add(encoder.tokens("\n", false, where), tokenizer.unk);  // so that a completion is known to end
        sample.end = tokens_.size();
        const size_t count = sample.end - sample.begin;
        if (count < 2) refuse("E_EMPTY", where, "nothing is left to predict; give a prompt");
        if (count > length_ + 1)
            refuse("E_LIMIT", where,
                   std::to_string(count) + " tokens; a context of " + std::to_string(length_) + " holds " +
                       std::to_string(length_ + 1));
        samples_.push_back(sample);
    }
}

bool Dataset::has_validation() const { return train_count_ < (samples_.empty() ? tokens_.size() : samples_.size()); }

Batch Dataset::batch(Split split, size_t sequences, uint64_t seed, BatchBuffer& buffer) const {
    buffer.tokens.assign(sequences * length_, 0);
    buffer.targets.assign(sequences * length_, no_target);
    Random random(seed);
    const Part part = part_of(split);
    for (size_t row = 0; row < sequences; row++) {
        if (samples_.empty())
            put_window(part.begin + random.below(part.end - part.begin - length_), row, buffer);
        else
            put_sample(samples_[part.begin + random.below(part.end - part.begin)], row, buffer);
    }
    return {buffer.tokens.data(), buffer.targets.data(), sequences, length_};
}

Dataset::Part Dataset::part_of(Split split) const {
    if (split == Split::train) return {0, train_count_};
    return {train_count_, samples_.empty() ? tokens_.size() : samples_.size()};
}

size_t Dataset::sequences(Split split) const {
    const Part part = part_of(split);
    if (!samples_.empty() || part.begin == part.end) return part.end - part.begin;
    return (part.end - part.begin - 1) / length_;  // the last token is only a target
}

Batch Dataset::batch_in_order(Split split, size_t first, size_t sequences, BatchBuffer& buffer) const {
    const size_t begin = part_of(split).begin, count = std::min(sequences, this->sequences(split) - first);
    buffer.tokens.assign(count * length_, 0);
    buffer.targets.assign(count * length_, no_target);
    for (size_t row = 0; row < count; row++) {
        if (samples_.empty())
            put_window(begin + (first + row) * length_, row, buffer);
        else
            put_sample(samples_[begin + first + row], row, buffer);
    }
    return {buffer.tokens.data(), buffer.targets.data(), count, length_};
}

void Dataset::put_window(size_t begin, size_t row, BatchBuffer& buffer) const {
    std::vector<uint32_t> tokens(length_ + 1);
    tokens_.read(begin, tokens.size(), tokens.data());
    for (size_t i = 0; i < length_; i++) {
        buffer.tokens[row * length_ + i] = tokens[i];
        buffer.targets[row * length_ + i] = int32_t(tokens[i + 1]);
    }
}

void Dataset::put_sample(const Sample& sample, size_t row, BatchBuffer& buffer) const {
    std::vector<uint32_t> tokens(sample.end - sample.begin);
    tokens_.read(sample.begin, tokens.size(), tokens.data());
    for (size_t i = 0; i + 1 < tokens.size(); i++) {
        const size_t at = row * length_ + i;
        buffer.tokens[at] = tokens[i];
        if (sample.begin + i + 1 >= sample.trained_from) buffer.targets[at] = int32_t(tokens[i + 1]);
    }
}

uint32_t Dataset::crc() const {
    return crc32(tokens_.crc(), samples_.data(), samples_.size() * sizeof(Sample));
}

}  // namespace mote::tools
