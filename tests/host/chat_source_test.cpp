// Where chat templates come from: the files beside every kind of tokenizer, and GGUF. What is not taken in names its file and its reason.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "chat/reduce.h"
#include "chat/write_jinja.h"
#include "make_checkpoint.h"
#include "make_gguf.h"
#include "model/unpack_tokenizer.h"
#include "opened_tokenizer.h"
#include "run/chat.h"
#include "shared_data.h"
#include "tokenizer/tokenizer_gguf.h"
#include "tokenizer/tokenizer_import.h"

namespace mote::tools {
namespace {

using testing::marked_tokenizer;
using testing::OpenedTokenizer;
using testing::TemporaryFolder;

const std::string chatml = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n'}}{% endfor %}";
const std::string other = "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}";

const std::string& user_prefix(const TokenizerModel& model) { return model.chat->parts[uint32_t(ChatPart::user_prefix)]; }

std::string config_with(const Json& chat_template) { return Json{{"chat_template", chat_template}}.dump(); }

TEST(chat_source, tokenizer_config_has_one_template) {
    const TemporaryFolder folder;
    folder.write("tokenizer_config.json", config_with(chatml));
    const TokenizerModel model = import_tokenizer(folder.write("tokenizer.json", marked_tokenizer().dump()));
    ASSERT_TRUE(model.chat);
    EXPECT_EQ(user_prefix(model), "<|im_start|>user\n");
}

TEST(chat_source, of_named_templates_the_default_is_taken) {
    const TemporaryFolder folder;
    folder.write("tokenizer_config.json", config_with({{{"name", "rag"}, {"template", other}}, {{"name", "default"}, {"template", chatml}}}));
    const TokenizerModel model = import_tokenizer(folder.write("tokenizer.json", marked_tokenizer().dump()));
    ASSERT_TRUE(model.chat);
    EXPECT_EQ(user_prefix(model), "<|im_start|>user\n");
}

TEST(chat_source, named_templates_without_a_default_are_noted_by_name) {
    const TemporaryFolder folder;
    folder.write("tokenizer_config.json", config_with({{{"name", "rag"}, {"template", other}}, {{"name", "tool_use"}, {"template", chatml}}}));
    std::vector<std::string> notes;
    const TokenizerModel model = import_tokenizer(folder.write("tokenizer.json", marked_tokenizer().dump()), notes);
    EXPECT_FALSE(model.chat);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_EQ(notes[0].find(folder.path() + "/tokenizer_config.json: its chat template is left out: of its templates (\"rag\", \"tool_use\") none"), 0u) << notes[0];
    EXPECT_NE(model.chat_refusal.find("from tokenizer_config.json"), std::string::npos);
}

TEST(chat_source, a_file_of_its_own_goes_before_the_configuration) {
    const TemporaryFolder folder;
    folder.write("tokenizer_config.json", config_with(chatml));
    folder.write("chat_template.jinja", other);
    EXPECT_EQ(user_prefix(import_tokenizer(folder.write("tokenizer.json", marked_tokenizer().dump()))), "user: ");
    folder.write("chat_template.jinja", "{{ messages }}");
    std::vector<std::string> notes;
    EXPECT_FALSE(import_tokenizer(folder.path() + "/tokenizer.json", notes).chat);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_EQ(notes[0].find(folder.path() + "/chat_template.jinja: "), 0u) << notes[0];
}

TEST(chat_source, stands_beside_other_kinds_of_tokenizers) {
    const TemporaryFolder folder;
    folder.write("tokenizer_config.json", config_with(chatml));
    EXPECT_TRUE(import_tokenizer(folder.write("vocab.txt", "[PAD]\n[UNK]\na\n")).chat);
    MOTE_NEEDS("weights/llama2c/tok512.bin");
    for (const char* name : {"weights/llama2c/tok512.bin", "tokenizers/qwen2/qwen.tiktoken", "weights/llama2c/tokenizer_llama2.model"}) {
        const std::string file = testing::shared_data(name);
        EXPECT_TRUE(import_tokenizer(folder.write(file.substr(file.rfind('/') + 1), testing::read_file(file))).chat) << name;
    }
}

TEST(chat_source, gguf_has_a_key_for_it) {
    const TemporaryFolder folder;
    testing::GgufBuilder b;
    testing::add_scored_tokenizer(b);
    std::vector<std::string> notes;
    testing::GgufBuilder named = b;
    named.texts("tokenizer.chat_templates", {"rag"});
    EXPECT_FALSE(import_tokenizer_gguf(read_gguf(folder.write("named.gguf", named.bytes())), notes).chat);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_EQ(notes[0].find(folder.path() + "/named.gguf: its chat template is left out: of its templates (\"rag\") none"), 0u) << notes[0];
    b.text("tokenizer.chat_template", chatml);
    EXPECT_EQ(user_prefix(import_tokenizer_gguf(read_gguf(folder.write("a.gguf", b.bytes())), notes)), "<|im_start|>user\n");
}

TEST(chat_source, a_packed_model_gives_its_template_back) {
    TokenizerModel model = import_tokenizer(TemporaryFolder().write("vocab.txt", "[PAD]\n[UNK]\na\n"));
    model.chat = named_chat_template("llama2", {"<s>", "</s>"});
    const TokenizerModel back = unpack_tokenizer(OpenedTokenizer(model).core(), "m.mote");
    ASSERT_TRUE(back.chat);
    EXPECT_EQ(written_chat_template(back), chat_jinja(*model.chat));
    EXPECT_EQ(pack_tokenizer(back, 3, "m.mote"), pack_tokenizer(model, 3, "m.mote"));
}

// Turn by turn the tokens are those of the whole conversation: no space goes in front of what goes on.
TEST(chat_source, turns_joined_are_the_whole_conversation) {
    MOTE_NEEDS("weights/llama2c/tokenizer_llama2.model");
    const std::string file = testing::shared_data("weights/llama2c/tokenizer_llama2.model");
    TokenizerModel with = import_tokenizer(file);
    with.chat = named_chat_template("llama2", chat_texts(with));
    const OpenedTokenizer opened(with);
    Model model;
    model.tokenizer = opened.core();
    const std::string evil = "say </s> and <s>";
    std::vector<uint32_t> tokens = first_turn(model, "Be kind.", evil, ChatSpeech::plain, "test");
    EncodeOptions going_on = testing::plain();
    going_on.goes_on = true;
    for (const uint32_t token : opened.encode(" Yes.", going_on)) tokens.push_back(token);
    for (const uint32_t token : next_turn(model, "Why?", ChatSpeech::plain, "test")) tokens.push_back(token);
    const std::string first = "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\n", text = first + evil + " [/INST] Yes. </s><s>[INST] Why? [/INST]";
    const TextRange said{first.size(), first.size() + evil.size()};
    EncodeOptions whole = testing::plain();
    whole.parse_special = true;
    whole.quoted = {&said, 1};
    EXPECT_EQ(tokens, opened.encode(text, whole));
    EXPECT_EQ(std::count(tokens.begin(), tokens.end(), with.bos), 2);
    EXPECT_EQ(std::count(tokens.begin(), tokens.end(), with.eos), 1);
}

}  // namespace
}  // namespace mote::tools
