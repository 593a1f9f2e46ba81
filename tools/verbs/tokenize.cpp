// tokenize: text to tokens, with a model's tokenizer or one that is still a file of its own.
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "model/open_model.h"
#include "run/arena.h"
#include "tokenizer/tokenizer_import.h"
#include "verbs/verbs.h"

namespace mote::tools {
namespace {

struct TokenizeOptions {
    std::string tokenizer, prompt, file;
    bool ids = false, no_special = false, parse_special = false;
};

bool is_mote(const std::string& path) {
    try {
        const MappedFile file(path);
        return image_size(file.data(), file.size()) != 0;
    } catch (const Failure&) {
        return false;  // a folder, or unreadable: the importer says what is wrong
    }
}

// Printable text as it is; other bytes as \xNN, and line ends as \n, so that a token stays on its line.
std::string visible(Span<const char> piece) {
    std::string out;
    for (const char& c : piece) {
        char hex[5];
        if (c == '\n') out += "\\n";
        else if (c == '\\') out += "\\\\";
        else if (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) != 0x7f) out += c;
        else {
            std::snprintf(hex, sizeof hex, "\\x%02x", unsigned(static_cast<unsigned char>(c)));
            out += hex;
        }
    }
    return out;
}

void print_tokens(const Model& model, const TokenizeOptions& o) {
    std::string text = o.prompt;
    if (!o.file.empty()) text = MappedFile(o.file).text();
    EncodeOptions options;
    options.add_special = !o.no_special;
    options.parse_special = o.parse_special;
    const std::vector<uint32_t> tokens = encode_text(model, text, options, o.tokenizer);
    std::string out;
    for (size_t i = 0; i < tokens.size(); i++) {
        if (o.ids) out += (i ? " " : "") + std::to_string(tokens[i]);
        else out += std::to_string(tokens[i]) + "\t" + visible(piece(model.tokenizer, tokens[i])) + "\n";
    }
    print(o.ids ? out + "\n" : out);
}

void tokenize(const TokenizeOptions& o) {
    if (is_mote(o.tokenizer)) return print_tokens(open_model(o.tokenizer).model, o);
    const TokenizerModel imported = import_tokenizer(o.tokenizer);
    const std::vector<uint8_t> section = pack_tokenizer(imported, uint32_t(imported.pieces.size()), o.tokenizer);
    const Result<Tokenizer> opened = open_tokenizer(section.data(), section.size());
    if (!opened.ok()) refuse_fault(opened.fault, o.tokenizer);
    Model model;
    model.tokenizer = opened.value;
    print_tokens(model, o);
}

}  // namespace

void add_tokenize(CLI::App& program) {
    CLI::App* verb = program.add_subcommand("tokenize", "Show the tokens of a text");
    const auto o = std::make_shared<TokenizeOptions>();
    verb->add_option("-t,--tokenizer", o->tokenizer, "a .mote file, tokenizer.json, vocab.json, GGUF, tiktoken ranks, tokenizer.bin, or a folder with one")->required()->type_name("FILE");
    CLI::Option* text = verb->add_option("-p,--prompt", o->prompt, "the text")->type_name("TEXT");
    verb->add_option("-f,--file", o->file, "file with the text")->excludes(text)->type_name("FILE");
    verb->add_flag("--ids", o->ids, "print ids on one line instead of a table");
    verb->add_flag("--no-special", o->no_special, "leave out the begin and end tokens");
    verb->add_flag("--parse-special", o->parse_special, "read control tokens in the text");
    verb->footer("Example: mote tokenize -t stories.mote -p \"Once upon a time\" --ids");
    verb->callback([o] { tokenize(*o); });
}

}  // namespace mote::tools
