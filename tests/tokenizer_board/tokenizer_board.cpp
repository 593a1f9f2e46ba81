// tokenizer_board: encodes every text on the board itself, out of its memory for models, and prints a line of ids for each; then
// decodes them and says whether the text came back. Encoding is marked for bench/tokenizers, which counts its instructions.
#include "../bench/arm/count.h"
#include "mote/mote.h"
#include "port.h"
#include "texts.h"

using namespace mote;
using namespace mote::board_test;

namespace {

void print(const char* text) {
    size_t count = 0;
    while (text[count]) count++;
    port::write(port::Channel::text, text, count);
}

void print_id(uint32_t value) {
    char digits[12];
    size_t begin = sizeof digits - 1;
    digits[begin] = '\0';
    do digits[--begin] = char('0' + value % 10);
    while (value /= 10);
    digits[--begin] = ' ';
    print(digits + begin);
}

// Takes the decoded bytes off the front of what is expected.
bool take(Span<const char>& expected, Span<const char> got) {
    if (got.count > expected.count) return false;
    for (size_t i = 0; i < got.count; i++)
        if (got[i] != expected[i]) return false;
    expected = {expected.data + got.count, expected.count - got.count};
    return true;
}

bool comes_back(const Tokenizer& tokenizer, Span<const uint32_t> tokens, Span<const char> text) {
    Decoder decoder;
    decoder.tokenizer = &tokenizer;
    for (const uint32_t& token : tokens) {
        const DecodedText piece = decode(decoder, token);
        if (!take(text, piece.head) || !take(text, piece.body)) return false;
    }
    return take(text, flush(decoder)) && text.count == 0;
}

int encode_texts(const Tokenizer& tokenizer, const uint8_t* at, const TextsHeader& header) {
    const port::Memory arena = port::arena();
    EncodeOptions options;
    options.add_special = false;
    options.parse_special = header.parse_special != 0;
    for (uint32_t texts = header.texts; texts; texts--) {
        const uint32_t bytes = *reinterpret_cast<const uint32_t*>(at);
        const Span<const char> text{reinterpret_cast<const char*>(at + 4), bytes};
        at += 4 + (size_t(bytes) + 3) / 4 * 4;
        const Span<uint32_t> tokens{reinterpret_cast<uint32_t*>(arena.data), encode_limit(tokenizer, bytes)};
        const size_t used = tokens.count * sizeof(uint32_t);
        MOTE_COUNT_BEGIN();
        const Result<size_t> count = encode(tokenizer, text, options, {arena.data + used, arena.bytes - used}, tokens);
        MOTE_COUNT_END();
        if (!count.ok()) {
            print(error_sentence(count.fault.error));
            return 3;
        }
        for (size_t i = 0; i < count.value; i++) print_id(tokens[i]);
        print(comes_back(tokenizer, {tokens.data, count.value}, text) ? "\n" : " differs\n");
    }
    return 0;
}

}  // namespace

int app_main() {
    const port::Image image = port::model(nullptr);
    const TextsHeader& header = *reinterpret_cast<const TextsHeader*>(image.data);
    if (!image.data || header.magic != texts_magic) {
        print("no texts\n");
        return 2;
    }
    const uint8_t* section = image.data + sizeof header;
    const Result<Tokenizer> tokenizer = open_tokenizer(section, header.section_bytes);
    if (!tokenizer.ok()) {
        print(error_sentence(tokenizer.fault.error));
        return 3;
    }
    return encode_texts(tokenizer.value, section + header.section_bytes, header);
}
