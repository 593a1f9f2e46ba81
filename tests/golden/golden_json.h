// golden_json: reads the golden files beside the tests.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace mote::testing {

inline nlohmann::json golden_json(const std::string& name) {
    std::ifstream file(std::string(MOTE_GOLDEN_DIR) + "/" + name);
    return nlohmann::json::parse(file);
}

}  // namespace mote::testing
