// arguments: std::from_chars knows no locale, no spaces and no prefixes, which is what is wanted here.
#include "base/arguments.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "base/error.h"

namespace mote::tools {

uint64_t parse_u64(const std::string& option, const std::string& text, uint64_t max) {
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc::invalid_argument || stop != end || text.empty())
        refuse_usage(option + ": '" + text + "' is not a whole number in decimal digits");
    if (error == std::errc::result_out_of_range || value > max)
        refuse_usage(option + ": " + text + " is too large; at most " + std::to_string(max));
    return value;
}

uint32_t parse_u32(const std::string& option, const std::string& text, uint32_t max) { return uint32_t(parse_u64(option, text, max)); }

float parse_float(const std::string& option, const std::string& text) {
    float value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc::invalid_argument || stop != end || text.empty() || (error == std::errc{} && !std::isfinite(value)))
        refuse_usage(option + ": '" + text + "' is not a finite decimal number");
    if (error == std::errc::result_out_of_range) refuse_usage(option + ": " + text + " does not fit a float");
    return value;
}

std::vector<uint32_t> parse_ids(const std::string& option, const std::string& text) {
    std::vector<uint32_t> ids;
    std::istringstream items(text);
    for (std::string item; std::getline(items, item, ',');) ids.push_back(parse_u32(option, item));
    if (ids.empty() || text.back() == ',') refuse_usage(option + ": '" + text + "' is not a list of token ids such as 1,403");
    return ids;
}

// Levenshtein distance with one row of memory; words further than half their length are not near.
std::string nearest(const std::string& word, const std::vector<std::string>& known) {
    std::string best;
    size_t least = std::max<size_t>(2, word.size() / 2) + 1;
    for (const std::string& k : known) {
        std::vector<size_t> row(k.size() + 1);
        for (size_t j = 0; j <= k.size(); j++) row[j] = j;
        for (size_t i = 1; i <= word.size(); i++) {
            size_t diagonal = row[0];
            row[0] = i;
            for (size_t j = 1; j <= k.size(); j++) {
                const size_t above = row[j];
                row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (word[i - 1] != k[j - 1])});
                diagonal = above;
            }
        }
        if (row[k.size()] < least) least = row[k.size()], best = k;
    }
    return best;
}

}  // namespace mote::tools
