// boards: the table, and questions about a row.
#include "board/boards.h"

#include "base/arguments.h"
#include "base/error.h"

namespace mote::tools {

const Bank* Board::bank(const std::string& bank_name) const {
    for (const Bank& b : banks)
        if (b.name == bank_name) return &b;
    return nullptr;
}

Range Board::code() const {
    const Bank* b = bank(code_bank);
    if (!b) return Range{};
    return Range{b->origin, code_bank == model_bank ? model_origin - b->origin : b->bytes};
}

Range Board::model() const {
    const Bank* b = bank(model_bank);
    if (!b) return Range{};
    return Range{model_origin, b->origin + b->bytes - model_origin};
}

const std::vector<Board>& boards() {
    static const std::vector<Board> table = {
#include "board_table.inc"
    };
    return table;
}

const Board& board_named(const std::string& name) {
    std::vector<std::string> names;
    for (const Board& b : boards()) {
        if (b.name == name) return b;
        names.push_back(b.name);
    }
    const std::string near = nearest(name, names);
    refuse_usage("there is no board '" + name + "'" +
                 (near.empty() ? "; mote targets lists them" : "; did you mean " + near + "?"));
}

}  // namespace mote::tools
