// charsmap: walks all of a double array once, so that whatever is wrong with it is found here and not while text is encoded.
#include "tokenizer/charsmap.h"

#include <cstring>

#include "base/error.h"

namespace mote::tools {
namespace {

constexpr size_t max_rules = 1000000;
constexpr size_t max_visits = 2000000;  // ends of texts are shared, so that a bad array may stand for endlessly many
constexpr size_t max_depth = 256;       // bytes of a text
constexpr uint32_t max_prefixes = 32;   // SentencePiece looks at that many matches

// Units of darts-clone: a value has the upper bit set, other units a label and the distance to their children.
uint32_t label_of(uint32_t unit) { return unit & 0x800000ffu; }
uint32_t distance_of(uint32_t unit) { return unit >> 10 << ((unit & 0x200u) >> 6); }
bool has_value(uint32_t unit) { return unit & 0x100u; }

class CharsmapReader {
public:
    CharsmapReader(std::string_view blob, const std::string& file, uint64_t first_byte) : file_(file), first_byte_(first_byte) {
        if (blob.size() < 4) refuse_map("has " + std::to_string(blob.size()) + " bytes");
        uint32_t bytes = 0;
        std::memcpy(&bytes, blob.data(), 4);
        if (bytes % 4 || bytes < 4 || bytes > blob.size() - 4)
            refuse_map("its array has " + std::to_string(bytes) + " bytes of " + std::to_string(blob.size() - 4));
        units_.resize(bytes / 4);
        std::memcpy(units_.data(), blob.data() + 4, bytes);
        replacements_ = blob.substr(4 + bytes);
        if (replacements_.empty() || replacements_.back() != '\0') refuse_map("its last replacement does not end");
        if (units_[0] & 0x80000000u) refuse_map("its root is a value");
    }

    std::vector<NormalizationRule> read() {
        std::vector<Level> levels(1, {0, distance_of(units_[0]), 1, 0});
        std::string text;
        while (!levels.empty()) {
            Level& level = levels.back();
            if (level.next_byte > 0xff) {
                levels.pop_back();
                if (!text.empty()) text.pop_back();
                continue;
            }
            const uint32_t byte = level.next_byte++;
            const uint32_t at = level.children ^ byte;
            if (at >= units_.size() || label_of(units_[at]) != byte) continue;
            const Level below{at, at ^ distance_of(units_[at]), 1, level.prefixes + has_value(units_[at])};
            text += static_cast<char>(byte);
            if (has_value(units_[at])) add_rule(text, below);
            if (text.size() == max_depth) refuse_map("a text of more than " + std::to_string(max_depth) + " bytes");
            if (++visited_ > max_visits) refuse_map("its array leads round in circles");
            levels.push_back(below);
        }
        return std::move(rules_);
    }

private:
    struct Level {
        uint32_t unit, children, next_byte, prefixes;
    };

    [[noreturn]] void refuse_map(const std::string& what) const { refuse_at("E_RANGE", file_, first_byte_, "precompiled_charsmap: " + what); }

    void add_rule(const std::string& text, const Level& level) {
        if (level.prefixes > max_prefixes) refuse_map("more than " + std::to_string(max_prefixes) + " texts begin each other");
        if (level.children >= units_.size() || !(units_[level.children] & 0x80000000u)) refuse_map("a text has no value");
        const uint32_t place = units_[level.children] & 0x7fffffffu;
        if (place >= replacements_.size()) refuse_map("a replacement begins at byte " + std::to_string(place) + " of " + std::to_string(replacements_.size()));
        if (rules_.size() == max_rules) refuse_at("E_LIMIT", file_, first_byte_, "precompiled_charsmap: more than " + std::to_string(max_rules) + " rules");
        rules_.push_back({text, std::string(replacements_.data() + place)});
    }

    const std::string& file_;
    uint64_t first_byte_;
    std::vector<uint32_t> units_;
    std::string_view replacements_;
    std::vector<NormalizationRule> rules_;
    size_t visited_ = 0;
};

}  // namespace

std::vector<NormalizationRule> read_charsmap(std::string_view blob, const std::string& file, uint64_t first_byte) {
    return CharsmapReader(blob, file, first_byte).read();
}

}  // namespace mote::tools
