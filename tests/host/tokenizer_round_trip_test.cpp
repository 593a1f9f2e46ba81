// Text to tokens and back: random bytes, real texts and the worst of UTF-8, by tokenizers that keep every byte; and text that is decoded
// token by token, by tokenizers of all kinds.
#include <gtest/gtest.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "opened_tokenizer.h"
#include "shared_data.h"
#include "support/random.h"
#include "tokenizer/tokenizer_import.h"
#include "whole.h"

namespace mote::tools {
namespace {

using testing::OpenedTokenizer;
using testing::plain;
using testing::Random;
using testing::read_file;
using testing::shared_data;

// The first two are those of each day.
const char* const exact[] = {"tokenizers/gpt2", "weights/llama2c/tok512.bin", "tokenizers/qwen2/qwen.tiktoken", "tokenizers/minimind",
                             "weights/llama2c/tokenizer_llama2.bin"};
// These change text before they cut it, or lack the tokens of some bytes.
const char* const others[] = {"weights/llama2c/tokenizer_llama2.model", "weights/hf/stories656K",
                              "tokenizers/t5/t5_spiece.model", "tokenizers/sentencepiece/en.wiki.bpe.vs10000.model",
                              "tokenizers/sentencepiece/test_model.model", "tokenizers/bert/bert_base_uncased_vocab.txt"};

std::vector<const char*> exact_today() { return {std::begin(exact), testing::whole() ? std::end(exact) : std::begin(exact) + 2}; }

std::vector<std::string> texts() {
    std::vector<std::string> found;
    for (const char* folder : {"text", "unicode", "tokenizers/sentencepiece", "tokenizers/bpe_training"}) {
        if (!std::filesystem::exists(shared_data(folder))) continue;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(shared_data(folder)))
            if (entry.is_regular_file() && entry.path().extension() != ".model") found.push_back(entry.path().string());
    }
    std::sort(found.begin(), found.end());
    return found;
}

// A day's part is cut where the file happens to be at that byte, so within a character as well.
std::string part_of(const std::string& path) {
    constexpr size_t each_day = 3000;
    std::string text = read_file(path);
    if (!testing::whole()) text.resize(std::min(text.size(), each_day));
    return text;
}

// Bytes of all values, and bytes of which characters and their halves are made.
std::string random_bytes(Random& random, size_t count) {
    static const unsigned char some[] = {' ', 'a', '\n', '1', 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xdf, 0xe0, 0xe2, 0xed, 0xf0, 0xf4, 0xff};
    const bool any = random.next() & 1u;
    std::string bytes(count, '\0');
    for (char& byte : bytes) byte = static_cast<char>(any ? random.below(256) : some[random.below(sizeof some)]);
    return bytes;
}

// SentencePiece has one sign for the space and for U+2581.
std::string with_one_space(const OpenedTokenizer& t, std::string text) {
    if (!(t.core().header().flags & tokenizer_fold_space)) return text;
    const std::string mark = "\xe2\x96\x81";
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) text.replace(at, mark.size(), " ");
    return text;
}

void expect_round_trip(const OpenedTokenizer& t, const std::string& text) {
    EXPECT_TRUE(t.decode(t.encode(text)) == with_one_space(t, text)) << "of " << text.size() << " bytes: " << text.substr(0, 200);
}

// 10 million bytes with MOTE_WHOLE.
TEST(round_trip, of_random_bytes) {
    const size_t bytes = testing::whole() ? 10'000'000 : 50'000;
    constexpr size_t longest = 5000;
    Random random(5);
    for (const char* name : exact_today()) {
        MOTE_NEEDS(name);
        const OpenedTokenizer t(import_tokenizer(shared_data(name)));
        SCOPED_TRACE(name);
        for (size_t left = bytes / exact_today().size() + 1; left && !::testing::Test::HasFailure();) {
            const size_t count = std::min<size_t>(left, 1 + random.below(longest));
            expect_round_trip(t, random_bytes(random, count));
            left -= count;
        }
    }
}

TEST(round_trip, of_real_texts) {
    for (const char* name : exact_today()) {
        MOTE_NEEDS(name);
        const OpenedTokenizer t(import_tokenizer(shared_data(name)));
        for (const std::string& path : texts()) {
            SCOPED_TRACE(std::string(name) + ", " + path);
            expect_round_trip(t, part_of(path));
        }
    }
}

// ---- token by token

// Decodes as a program does that shows each token at once: what it shows, and how much of it after each token.
struct Shown {
    std::string text;
    std::vector<size_t> after;
};

Shown show(const OpenedTokenizer& t, const std::vector<uint32_t>& tokens) {
    Shown shown;
    Decoder decoder;
    decoder.tokenizer = &t.core();
    for (const uint32_t token : tokens) {
        const DecodedText added = decode(decoder, token);
        shown.text.append(added.head.data, added.head.count).append(added.body.data, added.body.count);
        shown.after.push_back(shown.text.size());
    }
    const Span<const char> rest = flush(decoder);
    shown.text.append(rest.data, rest.count);
    return shown;
}

// The end of the character that begins there, as ICU sees it; that of one byte where there is none.
int32_t end_of_character(const uint8_t* text, int32_t begin, int32_t size) {
    int32_t end = begin, c = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
    U8_NEXT(text, end, size, c);
#pragma GCC diagnostic pop
    return c < 0 ? begin + 1 : end;
}

void expect_whole_characters(const Shown& shown) {
    const uint8_t* text = reinterpret_cast<const uint8_t*>(shown.text.data());
    const int32_t size = static_cast<int32_t>(shown.text.size());
    size_t next_cut = 0;
    for (int32_t begin = 0, end = 0; begin < size; begin = end) {
        end = end_of_character(text, begin, size);
        while (next_cut < shown.after.size() && shown.after[next_cut] <= size_t(begin)) next_cut++;
        ASSERT_TRUE(next_cut == shown.after.size() || shown.after[next_cut] >= size_t(end))
            << "after token " << next_cut << " the text ends inside the character at byte " << begin;
    }
}

void expect_decodes_whole_characters(const char* name) {
    const OpenedTokenizer t(import_tokenizer(shared_data(name)));
    SCOPED_TRACE(name);
    for (const std::string& path : texts()) {
        SCOPED_TRACE(path);
        expect_whole_characters(show(t, t.encode(part_of(path), plain())));
    }
    Random random(6);
    for (uint32_t round = 0; round < (testing::whole() ? 1000u : 5u); round++) {
        std::vector<uint32_t> tokens(1000);
        for (uint32_t& token : tokens) token = uint32_t(random.below(t.core().vocab));
        expect_whole_characters(show(t, tokens));
    }
}

TEST(round_trip, decoding_token_by_token_splits_no_character) {
    const std::vector<const char*> each_day = {exact[0], exact[1], "weights/hf/stories656K"};
    std::vector<const char*> all(std::begin(exact), std::end(exact));
    all.insert(all.end(), std::begin(others), std::end(others));
    for (const char* name : testing::whole() ? all : each_day) {
        MOTE_NEEDS(name);
        expect_decodes_whole_characters(name);
    }
}

}  // namespace
}  // namespace mote::tools
