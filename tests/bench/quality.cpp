// quality: packs a checkpoint in every form and evaluates it; Q8_0 and Q4_0 stand beside them, with float activations and
// cache, which flatters them.
#include "bench/quality.h"

#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "base/files.h"
#include "bench/ggml_formats.h"
#include "import/import.h"
#include "mote/mote.h"
#include "pack/pack.h"
#include "run/arena.h"
#include "run/evaluate.h"
#include "support/models.h"

namespace mote::bench {
namespace {

using namespace mote::tools;
using mote::testing::TestModel;
using mote::testing::open_test_model;
using mote::testing::packed_file;

struct Subject {
    const char* name;
    const char* checkpoint;
    const char* tokenizer;
};
constexpr Subject subjects[] = {
    {"stories260K", "weights/llama2c/stories260K.bin", "weights/llama2c/tok512.bin"},
    {"stories656K", "weights/hf/stories656K", nullptr},
};
constexpr const char* text_file = "text/en/grimms_fairy_tales.txt";
constexpr size_t text_begin = 100000, text_bytes = 8000;
constexpr uint32_t context = 256;

struct Form {
    const char* weights;
    const char* cache;
    ActivationScale activations;
};
constexpr Form forms[] = {
    {"f32", "f32", ActivationScale::vector},  {"f16", "f16", ActivationScale::vector},
    {"q8", "f32", ActivationScale::vector},   {"q8", "q8", ActivationScale::vector},
    {"q8", "q8", ActivationScale::group},     {"q4,embedding=q8", "q8", ActivationScale::vector},
    {"q4", "q8", ActivationScale::vector},    {"q4", "q8", ActivationScale::group},
};

double bits_per_weight(const Model& model) {
    uint64_t bytes = 0, weights = 0;
    for (uint32_t i = 0; i < model.directory_count; i++) {
        const TensorRecord& r = model.directory[i];
        if (r.rows == 1) continue;
        bytes += r.bytes;
        weights += uint64_t(r.rows) * r.cols;
    }
    return 8.0 * double(bytes) / double(weights);
}

// Log-probabilities of every prediction, one after the other.
using Predictions = std::vector<float>;

void append_log_softmax(Predictions& to, Span<const float> logits) {
    const double norm = negative_log_likelihood(logits, 0) + double(logits[0]);
    for (const float& logit : logits) to.push_back(float(double(logit) - norm));
}

double divergence(const Predictions& from, const Predictions& to, uint64_t predictions) {
    double sum = 0;
    for (size_t i = 0; i < from.size(); i++) sum += std::exp(double(from[i])) * (double(from[i]) - double(to[i]));
    return sum / double(predictions);
}

// What all rows of a table are measured on, and against.
struct Measure {
    std::vector<uint32_t> tokens;
    Predictions f32;

    void fill(QualityRow& row, const Model& model) {
        Options options;
        options.context = context;
        options.kv = parse_format(row.cache);
        Predictions own;
        const Evaluation e = evaluate(model, options, tokens, "quality", [&](Span<const float> logits) { append_log_softmax(own, logits); });
        if (f32.empty()) f32 = own;
        row.nats_per_token = e.nats_per_token();
        row.divergence = divergence(f32, own, e.tokens);
    }
};

QualityRow measure(const Weights& weights, const Form& form, Measure& with) {
    Weights own = weights;
    own.architecture.activation_scale = form.activations;
    const TestModel packed = open_test_model(packed_file(own, form.weights));
    const char* activations = form.weights[0] != 'q' ? "f32" : form.activations == ActivationScale::group ? "int8, groups" : "int8";
    QualityRow row{form.weights, form.cache, activations, bits_per_weight(packed.model), 0, 0};
    with.fill(row, packed.model);
    return row;
}

// Every matrix through a format of llama.cpp and back, row by row.
template <class To, class From>
QualityRow measure_peer(Weights weights, const char* name, uint32_t block_bytes, To to, From from, Measure& with) {
    uint64_t bytes = 0, count = 0;
    for (auto& [key, t] : weights.tensors) {
        if (t.rows == 1) continue;
        std::vector<float> values = t.values();
        for (uint32_t row = 0; row < t.rows; row++) {
            float* x = values.data() + size_t(row) * t.cols;
            const std::vector<float> back = from(to(x, t.cols), t.cols);
            std::copy(back.begin(), back.end(), x);
        }
        t = HostTensor(t.rows, t.cols, std::move(values));
        bytes += uint64_t(t.rows) * ((t.cols + ggml_block - 1) / ggml_block) * block_bytes;
        count += uint64_t(t.rows) * t.cols;
    }
    const TestModel packed = open_test_model(packed_file(weights, "f32"));
    QualityRow row{name, "f32", "f32", 8.0 * double(bytes) / double(count), 0, 0};
    with.fill(row, packed.model);
    return row;
}

QualityTable measure_subject(const std::string& data, const Subject& subject) {
    ImportOptions options;
    if (subject.tokenizer) options.tokenizer = data + "/" + subject.tokenizer;
    const Weights weights = import_checkpoint(data + "/" + subject.checkpoint, options);
    const MappedFile text(data + "/" + text_file);
    const TestModel plain = open_test_model(packed_file(weights, "f32"));
    EncodeOptions encode;
    encode.add_special = false;
    Measure with{encode_text(plain.model, text.text().substr(text_begin, text_bytes), encode, text_file), {}};

    QualityTable table{subject.name, text_file, with.tokens.size(), {}};
    for (const Form& form : forms) table.rows.push_back(measure(weights, form, with));
    table.rows.push_back(measure_peer(weights, "Q8_0", q8_0_bytes, to_q8_0, from_q8_0, with));
    table.rows.push_back(measure_peer(weights, "Q4_0", q4_0_bytes, to_q4_0, from_q4_0, with));
    return table;
}

}  // namespace

const QualityRow& QualityTable::row(const std::string& weights, const std::string& cache) const {
    for (const QualityRow& r : rows)
        if (r.weights == weights && r.cache == cache && r.activations != "int8, groups") return r;
    throw std::runtime_error("no such row: " + weights + ", " + cache);
}

std::vector<QualityTable> measure_quality(const std::string& data) {
    std::vector<QualityTable> tables;
    for (const Subject& subject : subjects)
        if (exists(data + "/" + subject.checkpoint)) tables.push_back(measure_subject(data, subject));
    return tables;
}

std::string quality_markdown(const std::vector<QualityTable>& tables) {
    std::string out =
        "# Loss by weight format\n\nWritten by `tests/bench/quality --write`. Nats per token on 8 000 bytes of Grimms' fairy tales from byte "
        "100 000, which the\nmodels were not trained on; windows of 256 tokens, each begun with the begin token. Q8_0 and Q4_0 are "
        "llama.cpp's formats,\nrecomputed, with float activations and a float cache; rows are padded to their blocks of 32. The divergence is that of "
        "the\npredictions from those of f32, Kullback-Leibler, in nats: where a text is far from what a model knows, a coarser model may "
        "guess\nbetter by chance, and only the divergence tells.\n";
    char line[256];
    for (const QualityTable& t : tables) {
        std::snprintf(line, sizeof line, "\n## %s, %llu tokens\n\n", t.model.c_str(), static_cast<unsigned long long>(t.tokens));
        out += line;
        out += "| weights | cache | activations | bits a weight | nats a token | against f32 | divergence |\n|---|---|---|---|---|---|---|\n";
        for (const QualityRow& r : t.rows) {
            std::snprintf(line, sizeof line, "| %s | %s | %s | %.2f | %.5f | %+.2f %% | %.5f |\n", r.weights.c_str(), r.cache.c_str(),
                          r.activations.c_str(), r.bits_per_weight, r.nats_per_token, 100 * t.excess(r), r.divergence);
            out += line;
        }
    }
    return out;
}

}  // namespace mote::bench
