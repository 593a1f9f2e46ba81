// pack: a model on the host becomes the bytes of a .mote file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/weights.h"

namespace mote::tools {

/// Which format each matrix gets.
struct WeightFormats {
    Format otherwise = Format::q8;
    std::map<Role, Format> own;

    Format of(Role role) const;
};

/// Reads `q8`, or `q4,embedding=q8,head=q8`: a format for all, then exceptions by role or by group of roles
/// (embedding, attention, ffn, head). Errors: E_ARG.
WeightFormats parse_formats(const std::string& text);

Format parse_format(const std::string& text);
const char* format_name(Format format);

/// The finished file. Notes on what was lost are appended to `notes`.
/// The result has passed core's `open`.
std::vector<uint8_t> pack_model(const Weights& weights, const WeightFormats& formats, std::vector<std::string>& notes);

/// The same bytes as a file, one tensor after the other: memory is bounded by the largest. Returns their number.
uint64_t pack_file(const std::string& path, const Weights& weights, const WeightFormats& formats, std::vector<std::string>& notes);

}  // namespace mote::tools
