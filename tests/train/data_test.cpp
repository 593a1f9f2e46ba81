// data: tokens, windows and samples.
#include <gtest/gtest.h>

#include "base/random.h"
#include "host/make_checkpoint.h"
#include "host/opened_tokenizer.h"
#include "host/refusal.h"
#include "mote/model.h"
#include "tokenizer/train_tokenizer.h"
#include "train/data.h"

namespace mote::tools {
namespace {

using mote::testing::expect_refusal;
using mote::testing::TemporaryFolder;

std::string text_of(const Batch& b, const TokenizerModel& t, size_t row) {
    std::string text;
    for (size_t i = 0; i < b.length; i++) text += t.pieces[b.tokens[row * b.length + i]];
    return text;
}

TEST(dataset, windows_lie_in_their_part_of_the_text_and_targets_follow) {
    const TemporaryFolder folder;
    const std::string file = folder.write("a.txt", std::string(90, 'a') + std::string(40, 'b'));
    const DataTokenizer t = make_tokenizer("bytes", {file});
    const Dataset data({file}, t.model, 0.25f, 8);
    EXPECT_EQ(data.tokens(), 131u);  // and the end token
    BatchBuffer buffer;
    for (uint64_t seed = 0; seed < 20; seed++) {
        const Batch train = data.batch(Split::train, 2, seed, buffer);
        for (size_t row = 0; row < 2; row++)
            for (size_t i = 0; i + 1 < 8; i++) EXPECT_EQ(train.targets[row * 8 + i], int32_t(train.tokens[row * 8 + i + 1]));
        const Batch validation = data.batch(Split::validation, 1, seed, buffer);
        EXPECT_EQ(text_of(validation, t.model, 0), "bbbbbbbb");
    }
}

TEST(dataset, is_covered_once_in_order) {
    const TemporaryFolder folder;
    std::string text;
    for (int i = 0; i < 100; i++) text += char('!' + i % 90);
    const std::string file = folder.write("a.txt", text);
    const DataTokenizer t = make_tokenizer("bytes", {file});
    const Dataset data({file}, t.model, 0.4f, 8);  // 101 tokens, the last 40 for validation: four windows and a last target
    EXPECT_EQ(data.sequences(Split::validation), 4u);
    EXPECT_EQ(data.sequences(Split::train), 7u);
    BatchBuffer buffer;
    std::string seen;
    for (size_t first = 0; first < 4; first += 3) {
        const Batch b = data.batch_in_order(Split::validation, first, 3, buffer);
        EXPECT_EQ(b.sequences, first == 0 ? 3u : 1u);
        for (size_t row = 0; row < b.sequences; row++) seen += text_of(b, t.model, row);
        EXPECT_EQ(b.targets[7], int32_t(t.model.byte_ids[uint8_t(text[61 + first * 8 + 8])]));
    }
    EXPECT_EQ(seen, text.substr(61, 32));
}

TEST(dataset, trains_only_the_completion_of_a_line) {
    const TemporaryFolder folder;
    const std::string file = folder.write("a.jsonl", "{\"prompt\": \"ab\", \"completion\": \"cd\"}\n\n");
    const DataTokenizer t = make_tokenizer("bytes", {});
    const Dataset data({file}, t.model, 0, 6);
    EXPECT_FALSE(data.has_validation());
    BatchBuffer buffer;
    const Batch b = data.batch(Split::train, 1, 1, buffer);
    EXPECT_EQ(text_of(b, t.model, 0).substr(0, 4), "abcd");
    const std::vector<int32_t> targets(b.targets, b.targets + 6);
    const int32_t c = int32_t(t.model.byte_ids['c']), d = int32_t(t.model.byte_ids['d']);
    EXPECT_EQ(targets, (std::vector<int32_t>{no_target, c, d, int32_t(t.model.eos), no_target, no_target}));
}

TEST(dataset, has_the_tokens_of_a_text_in_one_piece_though_it_is_read_in_blocks) {
    const TemporaryFolder folder;
    Random random(5);
    std::string text;
    const char* const parts[] = {"the ", "cat's ", "12", " \n\n  ", "<|endoftext|>", "\xe7\x8c\xab", "\xff\xe7", "Mat", "!"};
    while (text.size() < 2500000) text += parts[random.below(9)];  // several blocks
    const std::string file = folder.write("a.txt", text);
    TrainTokenizerOptions options;
    options.vocab = 270;
    options.invalid = InvalidUtf8::bytes;
    const TokenizerModel t = train_tokenizer({file}, options).model;
    EncodeOptions with_control = mote::testing::plain();
    with_control.parse_special = true;
    std::vector<uint32_t> expected = mote::testing::OpenedTokenizer(t).encode(text, with_control);
    expected.push_back(t.eos);
    const Dataset data({file}, t, 0, 8);
    EXPECT_EQ(data.tokens(), expected.size());
    EXPECT_EQ(data.crc(), crc32(0, expected.data(), expected.size() * sizeof(uint32_t)));
}

TEST(token_file, gives_back_what_memory_does_not_hold) {
    const TemporaryFolder folder;
    TokenFile file(folder.path(), 100);
    std::vector<uint32_t> all;
    for (uint32_t i = 0; i < 1000; i++) {
        const uint32_t some[] = {i * 7, i * 7 + 1, i * 7 + 2};
        file.append(some, 1 + i % 3);
        all.insert(all.end(), some, some + 1 + i % 3);
    }
    ASSERT_EQ(file.size(), all.size());
    EXPECT_EQ(file.crc(), crc32(0, all.data(), all.size() * sizeof(uint32_t)));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));  // the file has no name
    for (size_t begin = 0; begin + 17 <= all.size(); begin += 13) {
        std::vector<uint32_t> found(17);
        file.read(begin, 17, found.data());
        ASSERT_TRUE(std::equal(found.begin(), found.end(), all.begin() + std::ptrdiff_t(begin))) << begin;
    }
    expect_refusal("E_IO", {"cannot create a file for tokens"}, [&] {
        TokenFile nowhere(folder.path() + "/absent", 0);
        nowhere.append(all.data(), 1);
    });
}

TEST(dataset, says_which_line_is_wrong) {
    const TemporaryFolder folder;
    const TokenizerModel t = make_tokenizer("bytes", {}).model;
    const auto refused = [&](const char* code, std::initializer_list<const char*> parts, const std::string& lines) {
        const std::string file = folder.write("a.jsonl", lines);
        expect_refusal(code, parts, [&] { Dataset({file}, t, 0, 8); });
    };
    const std::string good = "{\"prompt\": \"a\", \"completion\": \"b\"}\n";
    refused("E_MISSING", {"line 2", "completion"}, good + "{\"prompt\": \"a\"}\n");
    refused("E_TYPE", {"line 1", "prompt"}, "{\"prompt\": 5, \"completion\": \"b\"}\n");
    refused("E_EMPTY", {"line 2", "completion"}, good + "{\"prompt\": \"a\", \"completion\": \"\"}\n");
    refused("E_SYNTAX", {"line 2"}, good + "{\"prompt\": \"a\",\n");
    refused("E_LIMIT", {"line 1", "11 tokens"}, "{\"prompt\": \"aaaaa\", \"completion\": \"bbbbb\"}\n");
    refused("E_EMPTY", {"no pairs"}, "\n\n");
    expect_refusal("E_EMPTY", {"at least 9"}, [&] { Dataset({folder.write("b.txt", "abc")}, t, 0, 8); });
    expect_refusal("E_TYPE", {"gzip"}, [&] { Dataset({folder.write("c.txt", "\x1f\x8b\x08 and so on")}, t, 0, 8); });
}

}  // namespace
}  // namespace mote::tools
