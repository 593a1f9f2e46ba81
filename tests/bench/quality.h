// quality: what each weight format costs, on a text that the models were not trained on: in loss, and in distance from the
// predictions of f32, which also tells where a loss fell by chance.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mote::bench {

/// One line of the table.
struct QualityRow {
    std::string weights, cache, activations;
    double bits_per_weight;  // of the matrices, with scales and padding
    double nats_per_token;
    double divergence;       // mean Kullback-Leibler divergence of the predictions from those of f32, nats
};

/// A model, a text, and the loss in each form. rows[0] is f32 throughout.
struct QualityTable {
    std::string model, text;
    uint64_t tokens;
    std::vector<QualityRow> rows;

    const QualityRow& row(const std::string& weights, const std::string& cache = "q8") const;
    /// Loss relative to f32: 0.003 is 0.3 % more.
    double excess(const QualityRow& row) const { return row.nats_per_token / rows[0].nats_per_token - 1; }
};

/// Measures the models below a folder with the layout of the shared data; nothing if they are absent.
std::vector<QualityTable> measure_quality(const std::string& data);

/// Markdown.
std::string quality_markdown(const std::vector<QualityTable>& tables);

}  // namespace mote::bench
