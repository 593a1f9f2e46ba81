// train_tokenizer: checks what was asked for, counts, learns.
#include "tokenizer/train_tokenizer.h"

#include <set>

#include "base/error.h"
#include "base/output.h"
#include "base/utf8.h"
#include "mote/format.h"
#include "tokenizer/bpe.h"
#include "tokenizer/train_bpe.h"
#include "tokenizer/train_characters.h"
#include "tokenizer/train_unigram.h"
#include "tokenizer/train_wordpiece.h"

namespace mote::tools {
namespace {

void check_specials(const std::vector<std::string>& specials) {
    constexpr size_t longest = 256;
    std::set<std::string> seen;
    for (const std::string& special : specials) {
        if (special.empty() || is_one_character(special) || special.size() > longest || !is_utf8(special))
            refuse_usage("--special " + shown(special) + ": a control token has 2 characters to " + std::to_string(longest) + " bytes of UTF-8");
        if (!seen.insert(special).second) refuse_usage("--special " + shown(special) + " is given twice");
    }
}

void check_sizes(const TrainTokenizerOptions& o, size_t files) {
    const uint64_t bytes = 256 + o.specials.size();
    const std::string needed = std::to_string(bytes) + " (256 bytes and " + std::to_string(o.specials.size()) + " control tokens)";
    if (o.vocab > max_vocab) refuse_usage("--vocab " + std::to_string(o.vocab) + " is too large; at most " + std::to_string(max_vocab));
    if (o.type == TokenizerType::bpe && o.vocab < bytes) refuse_usage("--vocab must be at least " + needed + " for --type bpe");
    if (o.type == TokenizerType::unigram && o.vocab < bytes + 2)
        refuse_usage("--vocab must be at least " + std::to_string(bytes + 2) + " for --type unigram: " + needed + ", <unk> and a piece");
    if (o.type == TokenizerType::wordpiece && o.vocab == 0) refuse_usage("--vocab is required for --type wordpiece");
    if (o.type == TokenizerType::bytes && o.vocab != 0 && o.vocab != bytes) refuse_usage("--vocab must be " + needed + " for --type byte, or left out");
    if (o.type == TokenizerType::characters && o.vocab != 0 && o.vocab < o.specials.size() + 2)
        refuse_usage("--vocab must be at least " + std::to_string(o.specials.size() + 2) + " for --type char: control tokens, <unk>, a character");
    if ((o.type == TokenizerType::characters || o.type == TokenizerType::unigram || o.type == TokenizerType::wordpiece) && o.invalid == InvalidUtf8::bytes)
        refuse_usage("--invalid bytes: bytes that are no characters cannot be learnt by --type char, unigram or wordpiece; use replace, or --type bpe");
    if (o.type != TokenizerType::bytes && files == 0) refuse_usage("no FILES to learn from");
    if (o.threads == 0) refuse_usage("-t must be at least 1");
}

}  // namespace

TrainedTokenizer train_tokenizer(const std::vector<std::string>& files, const TrainTokenizerOptions& o) {
    check_specials(o.specials);
    check_sizes(o, files.size());
    TrainedTokenizer out;
    if (o.type == TokenizerType::bytes) {
        out.model = byte_tokenizer(o.specials);
        return out;
    }
    const SpecialTexts specials(o.specials);
    TrainingText text(files, specials, o.invalid, o.block_bytes);
    const double start = seconds();
    const std::vector<WordCount> words = count_words(text, o.threads);
    const double counted = seconds();
    out.model = o.type == TokenizerType::bpe       ? train_bpe(words, o.specials, o.vocab)
                : o.type == TokenizerType::unigram ? train_unigram(words, o.specials, o.vocab)
                : o.type == TokenizerType::wordpiece ? train_wordpiece(words, o.vocab)
                                                   : train_characters(words, o.specials, o.vocab ? o.vocab : max_vocab);
    out.learn_seconds = seconds() - counted;
    out.count_seconds = counted - start;
    out.text_bytes = text.bytes_read();
    for (const WordCount& w : words) out.words += w.count;
    out.distinct_words = words.size();
    return out;
}

}  // namespace mote::tools
