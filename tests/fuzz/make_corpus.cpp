// make_corpus: writes a few small, sound inputs for every fuzz target.   make_corpus FOLDER
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "boards/small_elf.h"
#include "make_checkpoint.h"
#include "make_gguf.h"
#include "make_protobuf.h"
#include "make_torch.h"
#include "support/models.h"
#include "support/tokenizers.h"
#include "tokenizer/split_rules.h"
#include "train/checkpoint.h"

namespace mote::fuzz {
namespace {

class Corpus {
public:
    explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}

    void add(const std::string& target, const std::string& bytes) {
        const std::filesystem::path folder = folder_ / target;
        std::filesystem::create_directories(folder);
        std::ofstream(folder / std::to_string(count_++), std::ios::binary).write(bytes.data(), long(bytes.size()));
    }

private:
    std::filesystem::path folder_;
    int count_ = 0;
};

std::string text_of(const std::vector<uint8_t>& bytes) { return std::string(bytes.begin(), bytes.end()); }

void add_models(Corpus& c) {
    const struct {
        const char* shape;
        const char* formats;
    } models[] = {
        {"llama:dim=8,layers=1,heads=2,kv_heads=1,hidden=12,vocab=20,context=6", "q8"},
        {"llama:dim=4,layers=1,heads=1,hidden=4,vocab=259,context=4", "q8"},
        {"gpt2:dim=8,layers=2,heads=1,hidden=8,vocab=10,context=6,tied=0", "q4"},
        {"qwen3:dim=12,layers=1,heads=2,head_dim=6,hidden=20,vocab=12,context=5,scale=group", "q8,ffn=q4,embedding=f16"},
        {"qwen2:dim=8,layers=1,heads=1,hidden=8,vocab=9,context=4,activation=gelu_erf", "f32"},
    };
    for (const auto& m : models)
        for (const char* target : {"open", "packed_model"})
            c.add(target, text_of(testing::packed_file(tools::random_model(m.shape, 1), m.formats)));
}

tools::TokenizerModel small_tokenizer(PreTokenizer pre_tokenizer) {
    tools::TokenizerModel m = testing::model_of_pieces({"<unk>", "<s>", "a", "b", " ", "\xc3\xa9", "\xff"});
    m.unk = 0, m.bos = 1;
    m.specials = {0, 1};
    m.characters = {2, 3, 4, 5};
    m.byte_ids[0xff] = 6;
    testing::add_merge(m, 2, 3);
    testing::add_merge(m, 4, 7);
    testing::add_merge(m, 2, 2);
    m.flags = pre_tokenizer == PreTokenizer::none
                  ? tokenizer_add_bos | tokenizer_prefix_space | tokenizer_fold_space | tokenizer_fuse_unk
                  : 0u;
    m.pre_tokenizer = pre_tokenizer;
    return m;
}

// Rules of every form, and pieces that begin each other.
tools::TokenizerModel lexicon_tokenizer(TokenizerKind kind) {
    tools::TokenizerModel m = small_tokenizer(PreTokenizer::none);
    m.kind = kind;
    for (const uint32_t id : {2u, 3u, 4u, 5u, 7u, 8u}) m.lexicon.entries.push_back({m.pieces[id], id});
    m.lexicon.scores = {0, 0, -1, -2, -3, -4, 0, -2.5f, -3.5f};
    m.lexicon.lowest_score = -4;
    m.lexicon.word_characters = 4;
    m.flags |= tokenizer_squeeze_spaces;
    m.normalizer.present = true;
    m.normalizer.rules = {{"B", "b"}, {"aB", " ab "}, {"'", "", tools::NormalizationRule::To::itself_alone}};
    m.normalizer.ranges = {{0x3000, 0x30ff, {"", ""}}};
    return m;
}

// Letters with marks, which are put in order and joined; or taken apart, without flags.
tools::TokenizerModel formed_tokenizer(uint32_t flags) {
    tools::TokenizerModel m = small_tokenizer(PreTokenizer::none);
    m.normal_form.present = true;
    m.normal_form.flags = flags;
    m.normal_form.rules = {{"\u00e9", "e\u0301"}, {"\u1eb9", "e\u0323"}, {"\ufb01", "fi"}};
    if (flags & normal_form_composed) m.normal_form.rules.insert(m.normal_form.rules.end(), {{"e\u0301", "\u00e9"}, {"e\u0323", "\u1eb9"}});
    m.normal_form.classes = {0, 0x301 << 8 | 230, 0x302 << 8, 0x323 << 8 | 220, 0x324 << 8, 0x1161 << 8 | 255, 0x11c3 << 8, 0xfb01 << 8 | 255, 0xfb02 << 8};
    return m;
}

void add_sections(Corpus& c) {
    const std::string text =
        "ab a\xc3\xa9 <s>\xff\xe2\x96\x81"
        "abaaab'll  \n";
    for (const char* rule : {"", "gpt-2", "llama-bpe", "falcon", "deepseek-llm"}) {
        const PreTokenizer pre_tokenizer = *rule ? tools::rule_of_name(rule)->stages : PreTokenizer::none;
        const tools::TokenizerModel m = small_tokenizer(pre_tokenizer);
        std::vector<uint8_t> section = tools::pack_tokenizer(m, uint32_t(m.pieces.size()), "corpus");
        c.add("tokenizer_section", std::string{char(text.size()), 0} + text + text_of(section));
        if (pre_tokenizer == PreTokenizer::none) continue;
        // The tables of all of Unicode make a large file: one with few classes mutates better.
        TokenizerHeader& h = *reinterpret_cast<TokenizerHeader*>(section.data());
        h.classes_count = 40;
        c.add("tokenizer_section", std::string{char(text.size()), 0} + text + text_of(section));
    }
    for (const bool late : {false, true}) {
        tools::TokenizerModel m = small_tokenizer(PreTokenizer::none);
        m.added = {7};
        m.whole = {{1, whole_strips_left | whole_strips_right, false, "<s>"}, {7, late ? 0 : whole_single_word, late, "ab"}};
        c.add("tokenizer_section",
              std::string{char(text.size()), 0} + text + text_of(tools::pack_tokenizer(m, uint32_t(m.pieces.size()), "corpus")));
    }
    for (const uint32_t flags : {0u, normal_form_composed, normal_form_rules}) {
        const tools::TokenizerModel m = formed_tokenizer(flags);
        const std::string marks = "e\u0301\u0323\u0301a\u00e9\u0323 \ufb01\uac01\u11a8\u1100\u1161\xcc";
        c.add("tokenizer_section",
              std::string{char(marks.size()), 0} + marks + text_of(tools::pack_tokenizer(m, uint32_t(m.pieces.size()), "corpus")));
    }
    for (const TokenizerKind kind : {TokenizerKind::bpe, TokenizerKind::wordpiece, TokenizerKind::unigram}) {
        tools::TokenizerModel m = lexicon_tokenizer(kind);
        c.add("tokenizer_section",
              std::string{char(text.size()), 0} + text + text_of(tools::pack_tokenizer(m, uint32_t(m.pieces.size()), "corpus")));
        m.chat =
            tools::ChatTemplate{{"<s>", "", "[", "]\n", "U: ", "\n", "A: ", "</s>", "A:"}, chat_trims_turns | chat_system_inside};
        c.add("tokenizer_section",
              std::string{char(text.size()), 0} + text + text_of(tools::pack_tokenizer(m, uint32_t(m.pieces.size()), "corpus")));
    }
}

void add_checkpoints(Corpus& c) {
    testing::Llama2cSizes sizes;
    c.add("llama2c", testing::llama2c_v0(sizes));
    c.add("llama2c", testing::llama2c_v1(sizes));
    c.add("llama2c", testing::llama2c_v2(sizes));
    sizes.vocab = -5;
    c.add("llama2c", testing::llama2c_v0(sizes, 5 * 8));
    for (const testing::HfModel& m : {testing::tiny_llama(), testing::tiny_gpt2()}) {
        c.add("safetensors", testing::safetensors(m.tensors));
        c.add("hf_config", m.config.dump());
    }
    c.add("safetensors", testing::safetensors(
                             "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]},"
                             "\"b\":{\"dtype\":\"BF16\",\"shape\":[1,1],\"data_offsets\":[4,6]}}",
                             "abcdef"));
    c.add("torch", testing::tiny_meta_file());
    const std::string tensor = testing::pickled_tensor("0", 6, 1, {2, 2}, {3, 1});
    c.add("torch", testing::torch_file(testing::pickled_dictionary({{"w", tensor}}), {{"0", std::string(24, '\1')}}));
    const std::string other = testing::pickled_tensor("1", 4, 0, {2, 2}, {1, 2});
    c.add("pickle", "\x80\x02" + testing::pickled_dictionary({{"w", tensor}, {"n", testing::pickled(3)}}) + ".");
    c.add("torch_pickle", "\x80\x02" + testing::pickled_dictionary({{"w", tensor}, {"v", other}}) + ".");
    const std::string sizes_of_model = testing::pickled_dictionary({{"n_layer", testing::pickled(1)}, {"bias", "\x89"}});
    c.add("torch_pickle", "\x80\x02" +
                              testing::pickled_dictionary(
                                  {{"model", testing::pickled_dictionary({{"w", other}})}, {"model_args", sizes_of_model}}) +
                              ".");
    static constexpr char framed[] =
        "\x80\x04\x95\x10\0\0\0\0\0\0\0}\x94(\x8c\x01"
        "a\x94G\x3f\xf0\0\0\0\0\0\0Nue.";
    c.add("pickle", std::string(framed, sizeof framed - 1));
    testing::Json scaled = testing::tiny_llama().config;
    scaled["rope_scaling"] = {{"rope_type", "llama3"},
                              {"factor", 8.0},
                              {"low_freq_factor", 1.0},
                              {"high_freq_factor", 4.0},
                              {"original_max_position_embeddings", 8}};
    c.add("hf_config", scaled.dump());
    scaled["rope_scaling"] = {{"type", "linear"}, {"factor", 2.0}};
    c.add("hf_config", scaled.dump());
    testing::Json index;
    for (const auto& entry : testing::tiny_llama().tensors)
        index["weight_map"][entry.first] = entry.first == "lm_head.weight" ? "2.safetensors" : "1.safetensors";
    c.add("shards", index.dump());
}

// What a trainer saves of tiny_llama, and what it trains on.
void add_runs(Corpus& c) {
    const std::string folder = (std::filesystem::temp_directory_path() / "mote_corpus_run").string();
    std::filesystem::remove_all(folder);
    {
        const tools::RunFolder run(folder);
        tools::RunState state;
        state.settings.family = "llama";
        state.train.step = 7;
        state.best_loss = 1.5;
        const testing::HfModel model = testing::tiny_llama();
        size_t parameters = 0;
        for (const auto& entry : model.tensors) parameters += entry.second.bytes.size() / 4;
        state.train.first_moment.assign(parameters, 0.5f);
        state.train.second_moment.assign(parameters, 0.25f);
        run.save(state, {{"config.json", model.config.dump()}, {"model.safetensors", testing::safetensors(model.tensors)}});
        std::ifstream in(folder + "/last/train_state", std::ios::binary);
        c.add("train_state", std::string(std::istreambuf_iterator<char>(in), {}));
    }
    std::filesystem::remove_all(folder);
    c.add("pairs",
          "{\"prompt\":\"light on\",\"completion\":\" "
          "{\\\"on\\\":1}\\n\"}\n\n{\"prompt\":\"\",\"completion\":\"\\u00e9\",\"n\":[1,2.5,null]}\r\n");
    c.add("json", "{\"a\":[1,-2,2.5e3,\"x\\ud83d\\ude00\",true,null,{\"b\":[]}],\"c\":18446744073709551615}");
    for (const bool wide : {false, true})
        c.add("firmware",
              test::small_elf(wide, 0x101, {{1, 0x100, "code of the board", 17}, {1, 0x200, "data", 4}, {6, 0x40, "note", 4}}));
}

void add_templates(Corpus& c) {
    std::ifstream file(MOTE_CHAT_TEMPLATES);
    const testing::Json all = testing::Json::parse(file);
    for (const char* list : {"reduced", "refused"})
        for (const testing::Json& one : all.at(list)) c.add("chat_template", one.at("template").get<std::string>());
    const std::string nul(1, '\0');
    const testing::Json config = {{"bos_token", "<s>"},
                                  {"eos_token", {{"content", "</s>"}, {"special", true}}},
                                  {"add_bos_token", true},
                                  {"added_tokens_decoder", {{"1", testing::special_token(1, "<s>")}}},
                                  {"chat_template", "{{ bos_token }}"}};
    c.add("tokenizer_config", config.dump() + nul + testing::Json{{"unk_token", "<unk>"}}.dump() + nul +
                                  testing::Json{{"eos_token_id", {2, 1}}}.dump() + nul + "{{ messages }}");
    c.add("tokenizer_config", nul + nul + testing::Json{{"bos_token_id", 1}, {"eos_token_id", 2}}.dump());
    c.add("tokenizer_config", nul + testing::Json{{"additional_special_tokens", {"<t>"}}}.dump() + nul + nul + nul +
                                  testing::Json{{"<t>", 4}, {"[x]", 3}}.dump());
}

void add_tokenizers(Corpus& c) {
    c.add("llama2c_tokenizer", testing::llama2c_tokenizer({{" ", -1}, {"a", -2}, {"b", -3}, {"ab", -4}, {" ab", -5}}));
    c.add("llama2c_tokenizer", testing::llama2c_tokenizer({}));
    const std::string pieces = testing::piece("<unk>", 0, 2) + testing::piece("\xe2\x96\x81", -3) + testing::piece("a", -2) +
                               testing::piece("b", -2.5f) +
                               testing::piece(
                                   "\xe2\x96\x81"
                                   "ab",
                                   -4) +
                               testing::piece("[x]", 0, 4);
    for (const uint64_t type : {uint64_t(1), uint64_t(2)})
        c.add("sentencepiece", pieces + testing::field(2, testing::number(3, type)) +
                                   testing::field(3, testing::field(2, testing::small_charsmap())));
    c.add("vocab_txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n##ab\n\xc3\xa9\n,\n");
    c.add("vocab_txt", "[UNK]\r\nA\r\n##s");
    c.add("tokenizer_json", testing::marked_tokenizer().dump());
    c.add("tokenizer_json", testing::byte_level_tokenizer().dump());
    const std::string vocab = testing::byte_level_vocabulary().dump(), space = testing::byte_alphabet()[' '];
    testing::Json split = testing::byte_level_tokenizer(),
                  part = {{"type", "Split"}, {"behavior", "Isolated"}, {"pattern", {{"Regex", "\\s?[a-z0-9]+"}}}};
    split["pre_tokenizer"] = {{"type", "Sequence"},
                              {"pretokenizers", {part, {{"type", "Digits"}, {"individual_digits", true}}, split["pre_tokenizer"]}}};
    c.add("tokenizer_json", split.dump());
    split = testing::marked_tokenizer();
    split["normalizer"] = nullptr;
    split["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", "\xe2\x96\x81"}, {"prepend_scheme", "first"}};
    split["decoder"] = split["pre_tokenizer"];
    c.add("tokenizer_json", split.dump());
    c.add("tiktoken", "IQ== 0\nIg== 1\nISI= 2\r\n");
    const std::string nul(1, '\0');
    c.add("vocab_merges", vocab + nul + "#version: 0.2\nh e\n" + space + " he\n");
    c.add("vocab_merges", vocab + nul + "#version: 0.2");
    const testing::Json late = {{"content", "<x>"}, {"special", false}, {"lstrip", true}, {"single_word", true}};
    c.add("vocab_merges", vocab + nul + "#version: 0.2" + nul + testing::Json{{"  ", 259}, {"<x>", 260}}.dump());
    c.add(
        "vocab_merges",
        vocab + nul + "h e" + nul + nul +
            testing::Json{{"added_tokens_decoder", {{"258", testing::special_token(258, "<|endoftext|>")}, {"259", late}}}}.dump());
    c.add("vocab_merges", "{\"<|endoftext|>\":0,\"a\":1,\"b\":2,\"ab\":3}" + nul + "a b\r\n");
}

void add_ggufs(Corpus& c) {
    c.add("gguf", testing::tiny_llama_gguf().bytes());
    c.add("gguf", testing::tiny_gpt2_gguf().bytes());
    testing::GgufBuilder scored, byte_level, kinds, blocks;
    testing::add_scored_tokenizer(scored);
    c.add("gguf", scored.bytes());
    testing::add_byte_level_tokenizer(byte_level);
    c.add("gguf", byte_level.bytes());
    for (uint32_t kind = 0; kind < 13; kind++)
        if (kind != 8 && kind != 9)
            kinds.key("k" + std::to_string(kind), tools::GgufKind(kind),
                      std::string(size_t(kind < 10 ? kind == 7 || kind < 2 ? 1
                                                     : kind < 4            ? 2
                                                                           : 4
                                                   : 8),
                                  '\1'));
    c.add("gguf", kinds.u32("general.alignment", 32).i32s("numbers", {1, -2}).text("text", "a").bytes());
    for (const uint32_t type : {2u, 3u, 6u, 7u, 8u, 10u, 11u, 12u, 13u, 14u, 15u, 20u}) {
        const tools::GgmlType& t = *tools::find_ggml_type(type);
        blocks.tensor(t.name, {t.elements}, type, std::string(t.bytes, '\x2a'));
    }
    c.add("gguf", blocks.bytes());
    testing::GgufBuilder part;
    testing::add_llama_tensors(part);
    c.add("gguf_parts", part.key("split.no", tools::GgufKind::u16, testing::bytes_of(uint16_t{1}))
                            .key("split.count", tools::GgufKind::u16, testing::bytes_of(uint16_t{2}))
                            .key("split.tensors.count", tools::GgufKind::i32, testing::bytes_of(12))
                            .bytes());
}

}  // namespace
}  // namespace mote::fuzz

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_corpus FOLDER\n");
        return 2;
    }
    mote::fuzz::Corpus corpus(argv[1]);
    mote::fuzz::add_models(corpus);
    mote::fuzz::add_sections(corpus);
    mote::fuzz::add_checkpoints(corpus);
    mote::fuzz::add_tokenizers(corpus);
    mote::fuzz::add_ggufs(corpus);
    mote::fuzz::add_runs(corpus);
    mote::fuzz::add_templates(corpus);
}
