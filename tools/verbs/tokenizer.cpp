// tokenizer: makes tokenizers from text.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "tokenizer/special_tokens.h"
#include "tokenizer/train_tokenizer.h"
#include "tokenizer/train_wordpiece.h"
#include "tokenizer/write_tokenizer_json.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

struct TokenizerOptions {
    std::string type = "bpe", invalid = "error", output;
    std::vector<std::string> files, specials;
    uint32_t vocab = 0, threads = std::max(1u, std::thread::hardware_concurrency());
    bool force = false;
};

TrainTokenizerOptions learning_options(const TokenizerOptions& o) {
    TrainTokenizerOptions out;
    out.type = o.type == "bpe" ? TokenizerType::bpe : o.type == "unigram" ? TokenizerType::unigram : o.type == "wordpiece" ? TokenizerType::wordpiece : o.type == "char" ? TokenizerType::characters : TokenizerType::bytes;
    out.invalid = o.invalid == "error" ? InvalidUtf8::error : o.invalid == "replace" ? InvalidUtf8::replace : InvalidUtf8::bytes;
    out.vocab = o.vocab;
    out.threads = o.threads;
    if (!o.specials.empty()) out.specials = o.specials;
    return out;
}

void report(const TrainedTokenizer& t, const TokenizerOptions& o) {
    char text[320];
    const double all = t.count_seconds + t.learn_seconds, megabytes = double(t.text_bytes) / 1e6;
    if (t.text_bytes)
        std::snprintf(text, sizeof text, "%s: %zu tokens from %.1f MB, %llu words, %llu of them distinct; counted in %.2f s, learnt in %.2f s: %.1f MB/s",
                      o.output.c_str(), t.model.pieces.size(), megabytes, static_cast<unsigned long long>(t.words),
                      static_cast<unsigned long long>(t.distinct_words), t.count_seconds, t.learn_seconds, megabytes / std::max(all, 1e-9));
    else
        std::snprintf(text, sizeof text, "%s: %zu tokens", o.output.c_str(), t.model.pieces.size());
    note(text);
    if (t.text_bytes && t.model.pieces.size() < o.vocab)
        note("The text holds no more than these " + std::to_string(t.model.pieces.size()) + " tokens; --vocab allowed " + std::to_string(o.vocab) + ".");
    if (!t.text_bytes && !o.files.empty()) note("A tokenizer of bytes learns nothing from text; the files were not read.");
}

void train(const TokenizerOptions& o) {
    const std::string config = config_beside(o.output);  // names the token that ends a text
    const bool wordpiece = o.type == "wordpiece";        // a vocab.txt says all of it
    if (wordpiece && !o.specials.empty()) refuse_usage("--special: the control tokens of --type wordpiece are [PAD] [UNK] [CLS] [SEP] [MASK]");
    for (const std::string& file : o.files) require_different(file, o.output);
    require_new(o.output, o.force);
    if (!wordpiece) require_new(config, o.force);
    const TrainedTokenizer trained = train_tokenizer(o.files, learning_options(o));
    write_whole(o.output, wordpiece ? vocab_txt(trained.model) : tokenizer_json(trained.model, o.output));
    if (!wordpiece) write_whole(config, tokenizer_config_json(trained.model));
    report(trained, o);
}

void add_train(CLI::App& tokenizer) {
    CLI::App* verb = tokenizer.add_subcommand("train", "Learn a tokenizer from text and write it as tokenizer.json, or vocab.txt");
    const auto o = std::make_shared<TokenizerOptions>();
    verb->add_option("files", o->files, "text, UTF-8, or .jsonl with a prompt and a completion a line (--type byte needs none)")->type_name("FILES");
    verb->add_option("-o,--output", o->output, "the file to write: x.json, and x_config.json beside it names the token that ends a text; for wordpiece a vocab.txt")->required()->type_name("FILE");
    verb->add_option("--type", o->type, "bpe: byte pairs; unigram: pieces by probability, as SentencePiece; wordpiece: lower-cased words and their parts, as BERT; char: every character a token, others <unk>; byte: 256 bytes (default bpe)")
        ->check(CLI::IsMember({"bpe", "unigram", "wordpiece", "char", "byte"}));
    add_count(*verb, "--vocab", o->vocab, "tokens at most, with bytes and control tokens (required for bpe, unigram and wordpiece)");
    verb->add_option("--special", o->specials, "control token that words never cross; may be repeated, the first ends a text (default <|endoftext|>)")
        ->type_name("TEXT")->allow_extra_args(false);
    verb->add_option("--invalid", o->invalid, "what is not UTF-8: error, replace (by U+FFFD) or bytes (default error)")
        ->check(CLI::IsMember({"error", "replace", "bytes"}));
    add_count(*verb, "-t,--threads", o->threads, "threads (default: all cores); changes nothing in the result");
    verb->add_flag("--force", o->force, "overwrite an existing output");
    verb->footer("Example: mote tokenizer train --vocab 4096 -o model/tokenizer.json stories.txt");
    verb->callback([o] { train(*o); });
}

}  // namespace

void add_tokenizer(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("tokenizer", "Make a tokenizer from text");
    verb->require_subcommand(1);
    verb->footer("Example: mote tokenizer train --vocab 4096 -o model/tokenizer.json stories.txt");
    add_train(*verb);
}

}  // namespace mote::tools
