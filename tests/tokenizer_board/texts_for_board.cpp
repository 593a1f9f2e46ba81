// texts_for_board: texts_for_board TOKENIZER TEXTS OUT [parse_special]. A tokenizer and texts, as llama.cpp's vectors have them, as one
// file for tokenizer_board; with the fourth word control tokens are found in the texts.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "texts.h"
#include "tokenizer/tokenizer_import.h"

using namespace mote::tools;

namespace {

void put_text(std::string& out, const std::string& text) {
    const uint32_t bytes = static_cast<uint32_t>(text.size());
    out.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
    out += text;
    out.resize((out.size() + 3) / 4 * 4);
}

int write_file(const char* tokenizer, const char* texts_file, const char* out_file, uint32_t parse_special) {
    const TokenizerModel model = import_tokenizer(tokenizer);
    const std::vector<uint8_t> section = pack_tokenizer(model, static_cast<uint32_t>(model.pieces.size()), tokenizer);
    std::ifstream in(texts_file, std::ios::binary);
    const std::string texts{std::istreambuf_iterator<char>(in), {}}, separator = "\n__ggml_vocab_test__\n";
    std::string out;
    mote::board_test::TextsHeader header{mote::board_test::texts_magic, static_cast<uint32_t>(section.size()), 0, parse_special};
    for (size_t begin = 0, end; (end = texts.find(separator, begin)) != std::string::npos; begin = end + separator.size()) {
        put_text(out, texts.substr(begin, end - begin));
        header.texts++;
    }
    std::ofstream file(out_file, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
    file.write(reinterpret_cast<const char*>(section.data()), static_cast<std::streamsize>(section.size()));
    file << out;
    return file.good() ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    const bool parse_special = count == 5 && words[4] == std::string("parse_special");
    if (count != 4 && !parse_special) return 2;
    try {
        return write_file(words[1], words[2], words[3], parse_special);
    } catch (const Failure& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 3;
    }
}
